"""A model that is asked for in the browser, as an order: no path of this machine can be named by what is typed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from ollascope.apis.models import Order
from ollascope.apis.ollama_request import valid_name
from ollascope.engines.ollama.making.modelfile import Command, commands_of, read_modelfile
from ollascope.engines.ollama.mistakes import bare_name
from ollascope.words.errors import BadUsage, ModelMissing
from ollascope.words.record import Json

Way = Literal["model", "file", "modelfile"]

NOWHERE: Final = Path("\0")  # no file can lie below it: a name is never taken for a file that happens to be there
FILES: Final = frozenset({"adapter", "draft"})  # commands that name files
REGISTRIES: Final = frozenset(
    {"registry.ollama.ai", "ollama.com", "hf.co", "huggingface.co", "modelscope.cn", "www.modelscope.cn"}
)
QUANTISATIONS: Final = ("", "q4_K_M", "q4_K_S", "q8_0")
SHELL: Final = "ollascope models create NAME --modelfile FILE"
HERE: Final = "name a model of the list, or a file of the folder `models` in the data folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to make, and of what."""

    model: str
    way: Way
    source: str = ""  # a model, or the name of a file in the folder of models
    modelfile: str = ""
    system: str = ""
    template: str = ""
    parameters: str = ""  # a line each, as in `temperature 0.7`
    quantize: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What a model may be made of: the models of the server, and files by their names."""

    models: Collection[str]
    files: Mapping[str, Path]


def order_of_wish(wish: Wish, stock: Stock) -> Order:
    """The order, if everything that it names is there."""
    check_name(wish.model)
    text = _modelfile(wish)
    for command in commands_of(text):
        _check(command, stock)
    extra = dict(read_modelfile(wish.model, text, NOWHERE).extra)
    texts = {"system": wish.system, "template": wish.template, "quantize": wish.quantize}
    given: dict[str, Json] = {name: text for name, text in texts.items() if text.strip()}
    order = Order(model=wish.model, extra={**extra, **given})
    return _from_stock(order, stock)


def order_of_pull(model: str) -> Order:
    """The order to get a model from one of the registries that are known."""
    check_name(model)
    parts = model.split("/")
    if len(parts) > 2 and parts[0].casefold() not in REGISTRIES:
        raise BadUsage(
            f"{parts[0]} is no registry that the browser may ask", hint=f"`ollascope models pull {model}` may"
        )
    return Order(model=model)


def check_name(model: str) -> None:
    """A wrong name is told before anything is sent."""
    if not valid_name(model):
        raise BadUsage(f"{model[:80]!r} is no name of a model", hint="a name is like llama3.2 or library/qwen3:0.6b")


def _modelfile(wish: Wish) -> str:
    if wish.way == "modelfile":
        return wish.modelfile
    if not wish.source.strip() or "\n" in wish.source:
        raise BadUsage("it is not said what to make it from", hint=HERE)
    lines = [line for line in wish.parameters.splitlines() if line.strip()]
    return "\n".join([f"FROM {wish.source}", *(f"PARAMETER {line.strip()}" for line in lines)])


def _check(command: Command, stock: Stock) -> None:
    """Refuse whatever is no model and no file of the stock, before anything looks whether it is there."""
    if command.name in FILES:
        raise BadUsage(f"{command.name.upper()} names a file, which the browser may not", hint=f"`{SHELL}` may")
    if command.name != "from" or command.value in stock.files:
        return
    if not valid_name(command.value):
        raise BadUsage(f"FROM {command.value[:80]!r} is no model and no file that may be taken", hint=HERE)
    if bare_name(command.value) not in {bare_name(name) for name in stock.models}:
        raise ModelMissing(f"there is no model {command.value[:80]!r} here", hint=HERE)


def _from_stock(order: Order, stock: Stock) -> Order:
    extra = dict(order.extra)
    source = str(extra.get("from"))
    path = stock.files.get(source)
    if path is None:
        return order
    del extra["from"]
    return replace(order, extra={**extra, "files": {source: str(path)}})
