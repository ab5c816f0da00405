"""Section `fake`: how the fake server behaves."""

from dataclasses import dataclass
from typing import Literal

from ollascope.words.setting import setting, subsection

GapShape = Literal["fixed", "uniform", "exponential", "lognormal"]
Manners = Literal["bounded", "ollama"]
Cached = Literal["absent", "zero", "count"]
FaultKind = Literal["none", "status", "line", "cut", "stall", "garbage", "content-type", "unfinished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """What is said and how it is counted."""

    tokens: int = setting(
        0, "length of an answer in tokens where the prompt asks for no script; 0: as the script says", minimum=0
    )
    spread: float = setting(
        0.0, "how much the length varies: 0.5 means from half to one and a half", minimum=0, maximum=1
    )
    thinking: int = setting(0, "tokens of thinking before an answer of `tokens` tokens", minimum=0)
    context: int = setting(2048, "context length where the request sets none", minimum=16)
    cached: Cached = setting(
        "absent", "the cached-prompt count: absent as in Ollama 0.32, always zero, or the true count"
    )
    seed: int = setting(0, "seed of all chance; 0: different at every start", minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing:
    """How many are served at once and how many may wait."""

    slots: int = setting(0, "answers a model gives at the same time; 0: no bound", minimum=0)
    depth: int = setting(512, "requests of a model that may wait; the next one gets 503", minimum=0)
    manners: Manners = setting("bounded", "bounded: `depth` always holds; ollama: only while a model loads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How models are loaded and unloaded."""

    load_s: float = setting(0.0, "seconds it takes to load a model", minimum=0, maximum=3600)
    keep_alive_s: float = setting(300.0, "seconds an unused model stays loaded; negative: for ever", minimum=-1)
    most: int = setting(3, "models loaded at the same time; the one unused for longest goes; 0: no bound", minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """Failures on demand; a prompt may also ask for one itself, as in `<|fail:cut|>` or `<|fail:429|>`."""

    kind: FaultKind = setting("none", "what goes wrong")
    share: float = setting(1.0, "share of the requests that fail", minimum=0, maximum=1)
    after: int = setting(3, "pieces of the answer that come before it goes wrong", minimum=0)
    status: int = setting(500, "the status that `kind: status` answers", minimum=400, maximum=599)
    stall_s: float = setting(30.0, "seconds of silence that `kind: stall` makes", minimum=0, maximum=3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """How much of the truth is kept for `/fake/truth`."""

    requests: int = setting(1000, "requests whose times are kept; the oldest goes first", minimum=1)
    pieces: int = setting(4096, "pieces of a request whose times are kept", minimum=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fake:
    """How the fake server behaves: its times, its queue, its models and what goes wrong."""

    port: int = setting(11436, "port of `ollascope fake`", kind="port")
    ttft_s: float = setting(0.05, "seconds from the end of the prefill to the first token", minimum=0, maximum=3600)
    gap_s: float = setting(0.02, "seconds between two tokens, on average", minimum=0, maximum=3600)
    gap_shape: GapShape = setting("fixed", "how gaps are distributed")
    gap_spread: float = setting(
        0.5, "how much gaps vary (uniform, lognormal), relative to `gap_s`", minimum=0, maximum=10
    )
    prefill_s: float = setting(
        0.0, "seconds of prefill for each prompt token that is not cached", minimum=0, maximum=60
    )
    models: tuple[str, ...] = setting(
        ("scripted", "plain", "bare", "slow", "vectors"),
        "the models; a name with vectors or embed in it embeds, plain, bare and slow know neither tools nor thinking",
    )
    answer: Answering = subsection(Answering, "what is said and how it is counted")
    queue: Queueing = subsection(Queueing, "how many are served at once and how many may wait")
    loading: Loading = subsection(Loading, "how models are loaded and unloaded")
    failures: Failing = subsection(Failing, "failures on demand")
    truth: Remembering = subsection(Remembering, "how much of the truth is kept")
