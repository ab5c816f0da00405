"""One model in detail, as rows of a table and as facts for a program."""

from collections.abc import Mapping
from typing import Final

from ollascope.apis.models import Card
from ollascope.engines.ollama.abilities import context_of
from ollascope.logs.form import printable
from ollascope.words.record import Json

LONGEST: Final = 300  # characters of a text in the table; --json has all of it


def card_rows(name: str, card: Card) -> list[tuple[str, str]]:
    """What people ask of a model first; long texts by their beginning."""
    info, details = card.model_info, card.details
    family = str(info.get("general.architecture") or "")
    rows: list[tuple[str, Json]] = [
        ("name", name),
        ("family", details.get("family") or family),
        ("parameters", details.get("parameter_size") or info.get("general.parameter_count")),
        ("quantisation", details.get("quantization_level")),
        ("context", context_of(info) or details.get("context_length") or _meta(info, "n_ctx_train")),
        ("embedding length", info.get(f"{family}.embedding_length")),
        ("can", ", ".join(card.capabilities)),
        ("modified", card.modified_at),
        ("runs at", card.extra.get("remote_host")),
        ("made from", details.get("parent_model")),
        *(("parameter", line) for line in (card.parameters or "").splitlines()),
        ("system", card.system),
        ("template", card.template),
        ("licence", card.extra.get("license")),
    ]
    return [(field, _brief(value)) for field, value in rows if value not in (None, "")]


def card_facts(name: str, card: Card) -> dict[str, Json]:
    """Everything that the server told."""
    return {
        "name": name,
        "details": dict(card.details),
        "capabilities": list(card.capabilities),
        "context": context_of(card.model_info),
        "modified_at": card.modified_at,
        "system": card.system,
        "template": card.template,
        "parameters": card.parameters,
        "modelfile": card.modelfile,
        "model_info": dict(card.model_info),
        **card.extra,
    }


def _brief(value: Json) -> str:
    text = " ".join(str(value).split())
    return printable(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _meta(info: Mapping[str, Json], name: str) -> Json:
    meta = info.get("meta")
    return meta.get(name) if isinstance(meta, Mapping) else info.get("max_model_len")
