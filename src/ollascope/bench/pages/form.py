"""The form of a test: its fields read within bounds, and made into what a run is asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from ollascope.bench.asked import (
    Api,
    Arrival,
    Asked,
    Caching,
    Ends,
    Goals,
    Lengths,
    Level,
    Load,
    Target,
    Tongue,
    Wording,
)
from ollascope.words.errors import BadUsage

Shape = Literal["users", "growing", "rate", "spike"]
Fields = Mapping[str, str]

SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
ARRIVALS: Final = ("poisson", "constant", "gamma")
BURSTINESS: Final = 4.0  # of the arrival that comes in bursts
MOST_LEVELS: Final = 12
LONGEST_S: Final = 7200.0  # of a whole test; longer ones are started on the command line
LONGEST_NAME: Final = 60
LONGEST_FIELD: Final = 200
CALM: Final = 0.4  # of a spike's time, before it and after it
THINKING: Final[Mapping[str, bool | None]] = {"": None, "on": True, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A field that holds a number: from where to where it goes."""

    least: float
    most: float
    whole: bool = True
    optional: bool = False


NUMBERS: Final[Mapping[str, Bounds]] = {
    "users": Bounds(least=1, most=1000),
    "rate": Bounds(least=0.01, most=500, whole=False),
    "peak": Bounds(least=0.01, most=500, whole=False),
    "seconds": Bounds(least=2, most=3600),
    "requests": Bounds(least=1, most=100_000, optional=True),
    "tokens_in": Bounds(least=8, most=100_000, optional=True),
    "max_tokens": Bounds(least=1, most=32_768, optional=True),
    "warm_up": Bounds(least=0, most=600),
    "goal_ttft": Bounds(least=0.001, most=3600, whole=False, optional=True),
    "goal_total": Bounds(least=0.001, most=3600, whole=False, optional=True),
    "goal_tpot": Bounds(least=0.001, most=60, whole=False, optional=True),
}
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "shape": SHAPES, "arrival": ARRIVALS, "language": get_args(Tongue), "cache": get_args(Caching),
    "think": tuple(THINKING),
}  # fmt: skip
USUAL: Final[Fields] = {
    "model": "", "shape": "users", "users": "1", "levels": "1, 2, 4, 8", "rate": "1", "peak": "4", "arrival": "poisson",
    "seconds": "30", "requests": "", "tokens_in": "", "max_tokens": "64", "language": "en", "cache": "bust",
    "think": "", "warm_up": "0", "goal_ttft": "", "goal_total": "", "goal_tpot": "", "name": "",
}  # fmt: skip
PRESETS: Final[Mapping[str, Fields]] = {
    "one-user": {"shape": "users", "users": "1", "seconds": "30"},
    "how-many": {"shape": "growing", "levels": "1, 2, 4, 8", "seconds": "15", "goal_ttft": "2"},
    "steady": {"shape": "rate", "rate": "0.5", "seconds": "60"},
    "spike": {"shape": "spike", "rate": "0.5", "peak": "4", "seconds": "50"},
}


def filled(given: Fields) -> dict[str, str]:
    """Every field of the form as it was given, as the preset says, or as usual; nothing else, and nothing endless."""
    preset = PRESETS.get(given.get("preset", ""), {})
    return {name: given.get(name, preset.get(name, usual))[:LONGEST_FIELD] for name, usual in USUAL.items()}


def read_form(given: Fields) -> Asked:
    """What the form asks; BadUsage names the field that is out of its bounds. The target has no address yet."""
    fields = filled(given)
    for name, allowed in CHOICES.items():
        if fields[name] not in allowed:
            listed = ", ".join(each or "nothing" for each in allowed)
            raise BadUsage(f"{name}: there is no choice {fields[name][:40]!r}", hint=f"choose {listed}")
    shape = cast("Shape", fields["shape"])
    asked = Asked(
        target=_target(fields["model"]),
        load=_load(shape, fields),
        wording=_wording(fields),
        ends=_ends(shape, fields),
        goals=_goals(fields),
        name=_name(fields["name"]),
    )
    _check_length(asked)
    return asked


def _target(text: str) -> Target:
    """A model as `engine/model`; nothing: the engine in force, and the model that is in memory."""
    engine, mark, model = text.partition("/")
    if text and (not mark or not model.strip() or not model.isprintable()):
        raise BadUsage(f"model: {text[:40]!r} is none", hint="choose one of the list")
    api: Api = "openai" if engine == "openai" else "inside" if engine == "fake" else "ollama"
    return Target(url="", model=model, api=api, engine=engine or None)


def _load(shape: Shape, fields: Fields) -> Load:
    if shape == "users":
        return Load(levels=(Level(users=_whole(fields, "users")),))
    seconds = _needed(fields, "seconds")
    if shape == "growing":
        levels = tuple(Level(users=users, seconds=seconds) for users in _levels(fields["levels"]))
        return Load(levels=levels, apart=True)
    arrival = cast("Arrival", fields["arrival"])
    burstiness = BURSTINESS if arrival == "gamma" else 1.0
    rate = _needed(fields, "rate")
    if shape == "rate":
        return Load(levels=(Level(rate=rate),), arrival=arrival, burstiness=burstiness)
    calm = round(seconds * CALM, 3)
    stretches = ((rate, calm), (_needed(fields, "peak"), round(seconds - 2 * calm, 3)), (rate, calm))
    levels = tuple(Level(rate=each, seconds=length) for each, length in stretches)
    return Load(levels=levels, arrival=arrival, burstiness=burstiness)


def _levels(text: str) -> list[int]:
    """Numbers of users, as `1, 2, 4, 8`."""
    bounds, parts = NUMBERS["users"], text.replace(",", " ").replace("\N{FULLWIDTH COMMA}", " ").split()
    if not 1 <= len(parts) <= MOST_LEVELS:
        raise BadUsage(f"levels: there are {len(parts)}", hint=f"give 1 to {MOST_LEVELS} numbers, as in 1, 2, 4, 8")
    return [int(_checked("levels", bounds, part)) for part in parts]


def _wording(fields: Fields) -> Wording:
    tokens_in, most = _number(fields, "tokens_in"), _number(fields, "max_tokens")
    return Wording(
        source="built-in" if tokens_in is None else "synthetic",
        tongue=cast("Tongue", fields["language"]),
        tokens_in=None if tokens_in is None else _exactly(tokens_in),
        max_tokens=None if most is None else _exactly(most),
        cache=cast("Caching", fields["cache"]),
        think=THINKING[fields["think"]],
    )


def _exactly(tokens: float) -> Lengths:
    return Lengths(mean=tokens, least=int(tokens), most=int(tokens))


def _ends(shape: Shape, fields: Fields) -> Ends:
    """Levels that follow each other have their own lengths; otherwise the test has one."""
    requests, warm_up = _number(fields, "requests"), _needed(fields, "warm_up")
    if shape in {"growing", "spike"}:
        if requests is not None:
            hint = "leave it empty, or choose a fixed number of users or a steady rate"
            raise BadUsage("requests: levels that follow each other end by time", hint=hint)
        return Ends(warm_up_s=warm_up)
    return Ends(
        seconds=_needed(fields, "seconds"), requests=None if requests is None else int(requests), warm_up_s=warm_up
    )


def _goals(fields: Fields) -> Goals:
    return Goals(
        ttft_s=_number(fields, "goal_ttft"),
        total_s=_number(fields, "goal_total"),
        tpot_s=_number(fields, "goal_tpot"),
    )


def _check_length(asked: Asked) -> None:
    own = sum(level.seconds or 0.0 for level in asked.load.levels)
    stages = len(asked.load.levels) if asked.load.apart else 1
    whole = (asked.ends.seconds or own) + stages * asked.ends.warm_up_s
    if whole > LONGEST_S:
        raise BadUsage(
            f"seconds: the whole test would take {whole:,.0f} s",
            hint=f"stay below {LONGEST_S:,.0f} s here; `ollascope bench run` takes longer ones",
        )


def _name(text: str) -> str | None:
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadUsage(f"name: it has more than {LONGEST_NAME} letters or odd ones", hint="give a short name")
    return name or None


def _whole(fields: Fields, name: str) -> int:
    return int(_needed(fields, name))


def _needed(fields: Fields, name: str) -> float:
    value = _number(fields, name)
    if value is None:
        raise BadUsage(f"{name}: nothing is given", hint=_hint(NUMBERS[name]))
    return value


def _number(fields: Fields, name: str) -> float | None:
    text = fields[name].strip()
    return None if not text else _checked(name, NUMBERS[name], text)


def _checked(name: str, bounds: Bounds, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not bounds.least <= value <= bounds.most or (bounds.whole and value != int(value)):
        raise BadUsage(f"{name}: {text[:40]!r} does not fit", hint=_hint(bounds))
    return value


def _hint(bounds: Bounds) -> str:
    kind = "a whole number" if bounds.whole else "a number"
    return f"give {kind} from {bounds.least:g} to {bounds.most:,.10g}"
