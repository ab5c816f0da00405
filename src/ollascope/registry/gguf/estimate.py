"""How much memory a model will need, told from its header alone: an estimate, checked against llama.cpp on a CPU.

The weights and the key-value cache are counted and right to a few percent. The working memory follows what llama.cpp
reserves for Qwen3-like models with dense layers. A sliding window, shared or compressed keys and recurrent layers are
not known here: such models need less than is told, mostly.
"""

from dataclasses import dataclass, replace

from ollascope.registry.gguf.kinds import KIND_NAMED
from ollascope.registry.gguf.read import Header
from ollascope.words.errors import BadUsage

CACHE_KINDS = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")
PADDING = 256  # llama.cpp rounds a context up to this
PROCESS = 48 * 2**20  # Python, numpy and llama.cpp before a model is loaded
TOKEN = 200  # one entry of the vocabulary, spelled both ways


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a model is to be loaded."""

    context: int  # tokens of one slot
    slots: int = 1
    keys: str = "f16"  # how the cache keeps keys
    values: str = "f16"
    batch: int = 512  # tokens that are computed at once (n_ubatch)
    flash: bool = True  # flash attention: the scores of a batch are never held whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Bytes of memory by what they are for."""

    weights: int
    cache: int
    work: int
    vocabulary: int
    process: int = PROCESS

    @property
    def model(self) -> int:
        """What this model adds to a process that runs already."""
        return self.weights + self.cache + self.work + self.vocabulary

    @property
    def total(self) -> int:
        """What a process with only this model takes."""
        return self.model + self.process


def estimate(header: Header, plan: Plan) -> Need:
    """The memory that a model will need under a plan."""
    _refuse_odd(plan)
    return Need(
        weights=header.weight_bytes,
        cache=_cache(header, plan),
        work=_work(header, plan),
        vocabulary=(header.vocabulary or 0) * TOKEN,
    )


def longest_context(header: Header, plan: Plan, room: int) -> int:
    """The longest context per slot, up to the plan's, with which the model fits into `room` bytes; 0 if none does."""
    low, high = 0, plan.context
    while low < high:
        middle = (low + high + 1) // 2
        fits = estimate(header, replace(plan, context=middle)).total <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _cache(header: Header, plan: Plan) -> int:
    cells = _padded(plan.context) * plan.slots
    return sum(
        cells * (_row(heads * (header.key or 0), plan.keys) + _row(heads * (header.value or 0), plan.values))
        for heads in header.kv_heads
    )


def _row(numbers: int, kind: str) -> int:
    packing = KIND_NAMED[kind]
    return packing.bytes_of(numbers + -numbers % packing.numbers)


def _work(header: Header, plan: Plan) -> int:
    hidden, ffn = header.hidden or 0, header.ffn or 0
    attention = 2 if plan.flash else 4 + 4 * (header.heads or 0)  # bytes for each pair of a token and a cell
    layers = 4 * plan.batch * (5 * hidden + 3 * ffn)
    output = 4 * plan.batch * ((header.vocabulary or 0) + 2 * hidden)
    return max(layers, output) + plan.batch * _padded(plan.context) * attention


def _padded(context: int) -> int:
    return context + -context % PADDING


def _refuse_odd(plan: Plan) -> None:
    if min(plan.context, plan.slots, plan.batch) < 1:
        raise BadUsage("context, slots and batch are at least 1", hint="name larger numbers")
    for kind in (plan.keys, plan.values):
        if kind not in CACHE_KINDS:
            raise BadUsage(f"the cache cannot be kept as {kind!r}", hint=f"there are {', '.join(CACHE_KINDS)}")
    if not plan.flash and KIND_NAMED[plan.values].numbers > 1:
        raise BadUsage("a quantised cache of values needs flash attention", hint="switch it on, or keep values as f16")
