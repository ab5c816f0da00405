"""`models.yaml`: what is said about models beside their files: names, contexts, default options, memory, adapters."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ollascope.apis.ollama_request import duration_s, valid_name
from ollascope.settings.document import Branch, Leaf, Pair, parse, text_of
from ollascope.settings.files import read
from ollascope.settings.findings import Mistakes, Origin, nearest, shown
from ollascope.settings.layers import Layer, from_file, plain_secrets
from ollascope.settings.load import build, heading
from ollascope.words.errors import BadSettings, Trouble
from ollascope.words.record import Json
from ollascope.words.setting import setting, subsection

NAME = "models.yaml"
TOP = "models"
BACKENDS = ("llamacpp", "ollama", "openai", "transformers")
NAME_HINT = "write letters, digits, `.`, `_` and `-`, as in small:1b"
HINT = "config/models.yaml has an example of every key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Options of a model's answers where a request sets none."""

    temperature: float | None = setting(None, "0 always takes the likeliest token", minimum=0, maximum=10)
    top_k: int | None = setting(None, "choose among this many tokens; 0 is all", minimum=0, maximum=1_000_000)
    top_p: float | None = setting(None, "choose among the likeliest that add up to this", minimum=0, maximum=1)
    min_p: float | None = setting(None, "leave out what is less likely than this share", minimum=0, maximum=1)
    typical_p: float | None = setting(None, "leave out what is less typical; 1 is off", minimum=0, maximum=1)
    repeat_penalty: float | None = setting(None, "1 is none", minimum=0, maximum=10)
    repeat_last_n: int | None = setting(None, "tokens that repeating is looked for in", minimum=-1, maximum=1_000_000)
    presence_penalty: float | None = setting(None, "0 is none", minimum=-10, maximum=10)
    frequency_penalty: float | None = setting(None, "0 is none", minimum=-10, maximum=10)
    seed: int | None = setting(None, "the same seed gives the same answer", minimum=0, maximum=2**32 - 1)
    num_predict: int | None = setting(None, "most tokens of an answer; -1 is no limit", minimum=-2, maximum=10_000_000)
    stop: tuple[str, ...] = setting((), "texts that end an answer")

    def given(self) -> dict[str, Json]:
        """The options that are set, by their names in Ollama's API."""
        set_ = {name: value for name, value in asdict(self).items() if value is not None and value != ()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in set_.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is said about one model; what is not said is the server's default."""

    file: Path | None = setting(None, "the GGUF file, from this file's folder; null is NAME.gguf beside it")
    aliases: tuple[str, ...] = setting((), "other names it answers to")
    backends: tuple[str, ...] = setting(("llamacpp",), "engines that may serve it")
    context: int | None = setting(None, "tokens that prompt and answer share", minimum=16, maximum=10_000_000)
    slots: int | None = setting(None, "answers at the same time", minimum=1, maximum=256)
    memory_mib: int | None = setting(None, "count this much memory, not the estimate", minimum=1, maximum=100_000_000)
    keep_alive: str | None = setting(None, "stays loaded this long after the last answer, as 5m; -1s is for ever")
    embeds: bool | None = setting(None, "gives vectors; null asks the file")
    lora: Path | None = setting(None, "an adapter's GGUF file that is loaded with it")
    lora_scale: float = setting(1.0, "how strong the adapter is", minimum=0, maximum=10)
    options: Defaults = subsection(Defaults, "options of its answers where a request sets none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The models that a file names, in its order."""

    models: Mapping[str, Listed]
    path: Path | None = None


EMPTY = Listing(models={})


def read_listing(path: Path, *, files: bool = True) -> Listing:
    """What a file says about models; every mistake in it with file and line, files that are not there among them."""
    mistakes = Mistakes()
    name = str(path)
    try:
        text = text_of(read(path), name, mistakes)
    except BadSettings as error:
        raise BadSettings(f"{name}:1: {error.message}", hint=error.hint) from error
    page = _models(parse(text, name, mistakes), name, mistakes)
    classes: dict[str, type] = {pair.key: Listed for pair in page.pairs if _fits(pair, name, mistakes)}
    known = Branch(line=page.line, pairs=tuple(pair for pair in page.pairs if pair.key in classes))
    given = from_file(known, classes, name, mistakes)
    plain_secrets(text, name, mistakes)
    found = {model: build(Listed, f"{model}.", given) for model in classes}
    for what in _contradictions(name, known, found, given):
        mistakes.add(*what)
    for what in _absent(found, given) if files else ():
        mistakes.add(*what)
    if told := mistakes.listed():
        raise BadSettings("\n".join([*heading(told, NAME), *map(str, told)]), hint=HINT)
    return Listing(models=found, path=path)


def _models(page: Branch, name: str, mistakes: Mistakes) -> Branch:
    """The map under the one key that the file has."""
    nothing = Branch(line=page.line, pairs=())
    found = nothing
    for pair in page.pairs:
        at = Origin(layer="file", name=name, line=pair.line)
        if pair.key != TOP:
            mistakes.add(at, f"unknown section {shown(pair.key)}", "put the models under `models:`")
        elif isinstance(pair.node, Branch):
            found = pair.node
        elif not (isinstance(pair.node, Leaf) and (pair.node.empty or pair.node.broken)):
            mistakes.add(
                at, "something else where models belong", "write `NAME:` lines under it, indented by two blanks"
            )
    return found


def _fits(pair: Pair, name: str, mistakes: Mistakes) -> bool:
    at = Origin(layer="file", name=name, line=pair.line)
    if not valid_name(pair.key):
        mistakes.add(
            at, f"{shown(pair.key)} is no name of a model", "letters, digits, `.`, `_` and `-`, as in small:1b"
        )
        return False
    return True


def _contradictions(
    name: str, page: Branch, found: Mapping[str, Listed], given: Layer
) -> Iterator[tuple[Origin, str, str]]:
    """What no single value is wrong about: names that stand twice, backends nobody knows, times that are none."""
    names = {full_name(model): model for model in found}
    place = {pair.key: pair.line for pair in page.pairs}
    for model, listed in found.items():
        file = Origin(layer="file", name=name, line=place[model])
        at = {entry: given[f"{model}.{entry}"].origin for entry in Listed.__slots__ if f"{model}.{entry}" in given}
        for alias in listed.aliases:
            where = at.get("aliases", file)
            if not valid_name(alias):
                yield where, f"{shown(alias)} is no name of a model", NAME_HINT
            elif (other := names.setdefault(full_name(alias), model)) != model or full_name(alias) == full_name(model):
                yield where, f"the name {shown(alias)} belongs to {shown(other)} already", "leave one of the two out"
        for backend in listed.backends:
            if backend not in BACKENDS:
                yield at.get("backends", file), f"unknown backend {shown(backend)}", nearest(backend, BACKENDS)
        if listed.keep_alive is not None and (why := _no_duration(listed.keep_alive)):
            yield at.get("keep_alive", file), why, "write it as in 90s, 5m, 1h30m; -1s is for ever, 0 is not at all"
        if listed.lora is None and "lora_scale" in at:
            yield at["lora_scale"], f"{shown(model)} has no adapter to scale", "add `lora:`, or take `lora_scale` out"


def _absent(found: Mapping[str, Listed], given: Layer) -> Iterator[tuple[Origin, str, str]]:
    for model, listed in found.items():
        for key, path in (("file", listed.file), ("lora", listed.lora)):
            if path is not None and not path.is_file():
                yield given[f"{model}.{key}"].origin, f"there is no file {shown(str(path))}", "check the path"


def _no_duration(text: str) -> str:
    try:
        duration_s(text)
    except Trouble:
        return f"{shown(text)} is no length of time"
    return ""


def full_name(name: str) -> str:
    """The name with its tag; none is `latest`."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
