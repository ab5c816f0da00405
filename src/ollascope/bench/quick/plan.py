"""What `ollascope quick` asks for: a short warm-up, one user for a while, then a few at once; in under a minute."""

from dataclasses import dataclass
from typing import Final

from ollascope.bench.asked import Api, Asked, Ends, Lengths, Level, Load, Target, Wording
from ollascope.bench.result import Result
from ollascope.engines.asking.picking import pick_model
from ollascope.engines.engine import Engine
from ollascope.reports.words import Language

WARM_UP_S: Final = 12.0
ALONE_S: Final = 14.0
TOGETHER_S: Final = 7.0  # each number of users
USERS: Final = (2, 4, 8)
GRACE_S: Final = 1.0  # answers that run at an end are then cut
MOST_TOKENS: Final = 64
WARM_UP_TOKENS: Final = 16
FEWEST_TOKENS: Final = 8
ANSWER_S: Final = 4.0  # how long one answer should take at most, so that several fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Who is measured, and why it is this model."""

    target: Target
    why: str


def aim_at(engine: Engine, model: str | None = None) -> Aim:
    """The model that is named, or one that is there and can chat; ModelMissing where there is none."""
    picked = pick_model(engine) if model is None else None
    name = picked.model if picked else model or ""
    why = picked.why if picked else "it was named"
    if engine.name == "fake":
        return Aim(target=Target(url=engine.backend, model=name, api="inside", engine="fake"), why=why)
    api: Api = "openai" if engine.name == "openai" else "ollama"
    return Aim(target=Target(url=engine.backend, model=name, api=api, engine=engine.name), why=why)


def warm_up_ask(aim: Aim, language: Language = "en") -> Asked:
    """One short question, which loads the model and tells how quick it is."""
    ends = Ends(seconds=WARM_UP_S, requests=1, grace_s=GRACE_S)
    load = Load(levels=(Level(users=1, seconds=WARM_UP_S, requests=1),))
    return Asked(target=aim.target, load=load, wording=_wording(WARM_UP_TOKENS, language), ends=ends,
                 name="quick warm-up")  # fmt: skip


def quick_asks(aim: Aim, warm: Result, language: Language = "en") -> tuple[Asked, ...]:
    """One user, then several; answers of a slow model are kept so short that several fit into the time."""
    wording = _wording(tokens_for(warm), language)
    alone = Load(levels=(Level(users=1, seconds=ALONE_S),))
    together = Load(levels=tuple(Level(users=users, seconds=TOGETHER_S) for users in USERS))
    return (
        Asked(target=aim.target, load=alone, wording=wording, name="quick one user",
              ends=Ends(seconds=ALONE_S, grace_s=GRACE_S)),
        Asked(target=aim.target, load=together, wording=wording, name="quick several users",
              ends=Ends(seconds=TOGETHER_S * len(USERS), grace_s=GRACE_S)),
    )  # fmt: skip


def tokens_for(warm: Result) -> int:
    """How long answers may be, by what the warm-up showed."""
    speed = warm.throughput.user_tokens_per_s
    if speed is None:
        return MOST_TOKENS if warm.delivered.ok else FEWEST_TOKENS
    return int(min(MOST_TOKENS, max(FEWEST_TOKENS, speed * ANSWER_S)))


def longest_s() -> float:
    """How long all of it takes at most, but for starting and ending."""
    return WARM_UP_S + ALONE_S + TOGETHER_S * len(USERS) + 3 * GRACE_S


def _wording(tokens: int, language: Language) -> Wording:
    return Wording(tongue="zh" if language == "zh" else "en", max_tokens=Lengths(mean=tokens))
