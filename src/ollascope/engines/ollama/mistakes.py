"""What an Ollama refused, named and with what to do: the nearest names of a missing model, the next step of a pull."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Final, Literal

from ollascope.apis.errors import missing, read_error
from ollascope.words.errors import (
    AnswerUnfinished,
    ConnectFailed,
    ConnectionCut,
    EngineCrashed,
    ModelMissing,
    ModelTrouble,
    NetworkTrouble,
    TimedOut,
    Trouble,
    Unsupported,
)

Kind = Literal["ask", "embed", "pull", "create", "order"]
Names = Callable[[], Sequence[str]]

NEAR: Final = 3
RESUMES: Final = "give the same command again: what is loaded already stays, and its digest is checked"
LIBRARY: Final = "look at https://ollama.com/library for its name and sizes"
UPDATE: Final = "update Ollama, then ask again"
EMBEDS: Final = "use a model made for embeddings, such as nomic-embed-text"
VANISHED: Final = "the server may have ended over this file; its log says why"


def refused(status: int, body: bytes, model: str, kind: Kind, names: Names) -> Trouble:
    """The named error of an answer that is no success."""
    return explained(read_error(status, body), model, kind, names)


def explained(trouble: Trouble, model: str, kind: Kind, names: Names) -> Trouble:
    """The same trouble, with a hint that fits what was asked for; of a missing model with the names that are near."""
    said = trouble.message.lower()
    if isinstance(trouble, ModelMissing) and kind in {"ask", "embed", "order"} and model:
        return missing(model, nearest(model, names()), status=trouble.status)
    if "newer version of ollama" in said:
        return Unsupported(trouble.message, hint=UPDATE)
    if kind == "embed" and isinstance(trouble, Unsupported):
        return _hinted(trouble, EMBEDS)
    if kind == "pull":
        return _of_pull(trouble, said)
    if kind == "create" and isinstance(trouble, ConnectionCut | AnswerUnfinished):
        return _hinted(trouble, VANISHED)
    return trouble


def nearest(model: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names that look most like it, other sizes of the same model first."""
    wanted = bare_name(model)
    plain = {bare_name(name): name for name in names}
    family = wanted.partition(":")[0]
    sizes = sorted(name for name in plain if name.partition(":")[0] == family)
    alike = get_close_matches(wanted, plain, n=NEAR, cutoff=0.6)
    return tuple(plain[found] for found in dict.fromkeys((*sizes, *alike)))[:NEAR]


def bare_name(model: str) -> str:
    """A name as two names of one model are compared: small letters, without `:latest` and the usual registry."""
    return model.casefold().removeprefix("registry.ollama.ai/").removeprefix("library/").removesuffix(":latest")


def _of_pull(trouble: Trouble, said: str) -> Trouble:
    """What a server tells of its registry is the registry's doing, not its own."""
    if isinstance(trouble, ModelMissing):
        return _hinted(trouble, LIBRARY)
    if isinstance(trouble, EngineCrashed):  # the registry, not the server, left in the middle
        return ConnectFailed(trouble.message, hint=RESUMES)
    if isinstance(trouble, ConnectFailed) and not said.startswith("nothing answers"):
        return _hinted(trouble, f"check that the server's machine reaches the registry; then {RESUMES}")
    lost = isinstance(trouble, NetworkTrouble) and isinstance(trouble, ConnectionCut | AnswerUnfinished | TimedOut)
    if lost or type(trouble) is ModelTrouble or "no space left" in said:
        hint = f"{trouble.hint}; {RESUMES}" if "no space left" in said else RESUMES
        return _hinted(trouble, hint)
    return trouble


def _hinted(trouble: Trouble, hint: str) -> Trouble:
    status = trouble.status if "status" in vars(trouble) else None
    return type(trouble)(trouble.message, hint=hint, status=status)
