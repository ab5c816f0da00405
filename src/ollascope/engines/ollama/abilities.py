"""What an Ollama can do by its version, and one of its models by its card."""

from collections.abc import Mapping
from typing import Final

from ollascope.apis.body import read_object
from ollascope.apis.models import Card
from ollascope.engines.engine import Capabilities
from ollascope.engines.ollama import versions
from ollascope.engines.ollama.versions import Version
from ollascope.words.errors import AnswerMalformed
from ollascope.words.record import Json

ORDERS: Final = frozenset({"show", "load", "unload", "pull", "create", "copy", "delete"})


def abilities_of_server(text: str | None, version: Version | None, orders: frozenset[str] = ORDERS) -> Capabilities:
    """What this version has, and the orders that the server carries out; a build of one's own tells nothing."""
    return Capabilities(
        operations=frozenset({"chat", "generate", "embed"}),
        tools=_has(version, versions.TOOLS),
        thinking=_has(version, versions.THINKING),
        images=_has(version, versions.IMAGES),
        schema=_has(version, versions.SCHEMA),
        logprobs=_has(version, versions.LOGPROBS),
        orders=orders - {"create"} if _has(version, versions.FILES) is False else orders,
        source=f"version {text}" if text else "",
    )


def told_orders(status: int, body: bytes) -> frozenset[str]:
    """What a server says under `/props` that it carries out; all of it where it says nothing, as Ollama does."""
    try:
        said = read_object(body).get("orders") if status == 200 else None
    except AnswerMalformed:  # a page for people, of whatever stands before the server
        said = None
    return ORDERS if not isinstance(said, list) else ORDERS.intersection(each for each in said if isinstance(each, str))


def abilities_of_model(card: Card, server: Capabilities) -> Capabilities:
    """What the card says the model can do, as far as its server can."""
    said = frozenset(card.capabilities)
    answers = "completion" in said
    operations = {"chat", "generate"} if answers or not said else set()
    if "embedding" in said:
        operations.add("embed")
    return Capabilities(
        operations=frozenset(operations),
        tools=_both(server.tools, "tools", said),
        thinking=_both(server.thinking, "thinking", said),
        images=_both(server.images, "vision", said),
        schema=server.schema if answers or not said else False,
        logprobs=server.logprobs if answers or not said else False,
        orders=server.orders,
        context_length=context_of(card.model_info),
        source="/api/show" if said else "/api/show, which lists no capabilities",
    )


def context_of(model_info: Mapping[str, Json]) -> int | None:
    """The longest context that a model was trained for."""
    family = model_info.get("general.architecture")
    value = model_info.get(f"{family}.context_length") if isinstance(family, str) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _has(version: Version | None, since: Version) -> bool | None:
    return None if version is None else version >= since


def _both(server: bool | None, name: str, said: frozenset[str]) -> bool | None:
    """Older servers list no capabilities: then nothing is known."""
    if server is False:
        return False
    return name in said if said else None
