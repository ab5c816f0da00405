"""The words of `models create` as an order: from a model, from a GGUF file or from a Modelfile."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ollascope.apis.models import Order
from ollascope.engines.asking.reading import read_text
from ollascope.engines.ollama.making.modelfile import read_modelfile
from ollascope.logs.form import printable
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

LARGEST: Final = 16 << 20  # a Modelfile may hold licences
WAYS: Final = "name one of --from MODEL, --gguf FILE and --modelfile FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A model to make, as it was asked for."""

    name: str
    source: str | None = None
    gguf: Path | None = None
    modelfile: Path | None = None
    quantize: str | None = None
    adapter: Path | None = None


def order_of(making: Making) -> Order:
    """The order; files that are not there are told before anything is sent."""
    given = [way for way in (making.source, making.gguf, making.modelfile) if way is not None]
    if len(given) != 1:
        raise BadUsage("a model is made from one thing" if given else "it is not said what to make it from", hint=WAYS)
    order = _begun(making)
    extra = dict(order.extra)
    if making.quantize is not None:
        extra["quantize"] = making.quantize
    if making.adapter is not None:
        extra["adapters"] = _file(making.adapter)
    return replace(order, extra=extra)


def _begun(making: Making) -> Order:
    if making.modelfile is not None:
        text = read_text(making.modelfile, LARGEST)
        return read_modelfile(making.name, text, making.modelfile.parent)
    if making.gguf is not None:
        return Order(model=making.name, extra={"files": _file(making.gguf)})
    return Order(model=making.name, extra={"from": making.source})


def _file(path: Path) -> dict[str, Json]:
    if not path.is_file():
        raise BadUsage(f"there is no file {printable(str(path))}", hint="name a file that is there")
    return {path.name: str(path)}
