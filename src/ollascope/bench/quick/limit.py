"""What limits the speed, as far as a minute can show it: the evidence, and one thing to do next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ollascope.bench.quick.seen import Seen, mean, most, readings_of, seen_in
from ollascope.bench.result import Result
from ollascope.bench.shown.machine import size
from ollascope.reports.say import digits, seconds, share
from ollascope.reports.words import Language, word

SWAPPED_BYTES: Final = 64 * 2**20
FULL: Final = 0.85
BUSY_CPU: Final = 0.8
OTHERS: Final = 0.25
STEAL: Final = 0.1
SAME: Final = 1.3  # a rate that many users raise by less stays the same
SHARED: Final = 1.5  # tokens that many users get together beyond this come from reading the weights once for all
KEPT: Final = 0.7  # a user's own speed that stays above this was not shared
FAILING: Final = 0.1
LOADING: Final = 0.3  # of the time to the first token


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What the speed ends at: sentences as the catalogue of words knows them, and what they are filled with."""

    code: str
    text: str
    evidence: str
    advice: str
    figures: Mapping[str, str] = field(default_factory=dict)

    def told(self, template: str, language: Language = "en") -> str:
        """One of its sentences, filled."""
        return word(template, language).format(**self.figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """All that the rules look at."""

    seen: Sequence[Seen]
    results: Sequence[Result]

    @property
    def alone(self) -> Seen | None:
        return self.seen[0] if self.seen and self.seen[0].users == 1 else None

    @property
    def crowd(self) -> Seen | None:
        """The most users of which any got an answer."""
        many = [one for one in self.seen if one.users > 1 and one.delivered.ok]
        return many[-1] if many else None

    @property
    def cores(self) -> float | None:
        known = [result.machine.get("cores") for result in self.results]
        return next((float(one) for one in known if isinstance(one, int | float) and one > 0), None)

    @property
    def server_share(self) -> float | None:
        """How much of all cores the server took."""
        taken = mean([one.server_cpu_ratio for one in readings_of(self.results)])
        return None if taken is None or self.cores is None else taken / self.cores


def limit_of(results: Sequence[Result]) -> Limit:
    """The first rule that holds."""
    case = _Case(seen=seen_in(results), results=results)
    return next((limit for rule in RULES if (limit := rule(case)) is not None), UNKNOWN)


def _failing(case: _Case) -> Limit | None:
    failed = sum(one.delivered.failed for one in case.seen)
    ended = failed + sum(one.delivered.ok for one in case.seen)
    if not ended or failed / ended < FAILING:
        return None
    outcomes: dict[str, int] = {}
    for one in case.seen:
        for outcome, number in one.delivered.outcomes.items():
            if outcome not in {"ok", "cancelled"}:
                outcomes[outcome] = outcomes.get(outcome, 0) + number
    worst = max(outcomes, key=lambda outcome: outcomes[outcome], default="failed")
    return Limit(
        code="failures", text="requests fail", evidence="{failed} of {ended} failed, most often with {outcome}",
        advice="`ollascope doctor` looks for what is wrong with the server",
        figures={"failed": str(failed), "ended": str(ended), "outcome": worst},
    )  # fmt: skip


def _nothing(case: _Case) -> Limit | None:
    if any(one.delivered.ok for one in case.seen):
        return None
    return Limit(
        code="too-slow", text="no answer ended in the time", evidence="each answer took longer than this test may last",
        advice="`ollascope bench run --requests 5` measures without hurry; a smaller model may be quick enough",
    )  # fmt: skip


def _swapping(case: _Case) -> Limit | None:
    grown = most([result.use.swap_grown_bytes for result in case.results])
    if grown is None or grown < SWAPPED_BYTES:
        return None
    return Limit(
        code="swap", text="memory: the machine swaps", evidence="{size} more were swapped out during the test",
        advice="take a smaller model or a shorter context, or close other programs", figures={"size": size(grown)},
    )  # fmt: skip


def _loading(case: _Case) -> Limit | None:
    alone = case.alone
    if alone is None or alone.load is None or alone.ttft is None or not alone.load.p50 or not alone.ttft.p50:
        return None
    if alone.load.p50 < max(0.1, LOADING * alone.ttft.p50):
        return None
    return Limit(
        code="loading", text="the model is loaded again and again",
        evidence="{load} of {ttft} until the first token went into loading the model (medians)",
        advice="keep it in memory: `keep_alive` in the request, or OLLAMA_KEEP_ALIVE at the server",
        figures={"load": seconds(alone.load.p50), "ttft": seconds(alone.ttft.p50)},
    )  # fmt: skip


def _queue(case: _Case) -> Limit | None:
    """More users get no more answers, each as quick as alone, but later: they wait for a place."""
    alone, crowd = case.alone, case.crowd
    if alone is None or crowd is None or alone.ttft is None or crowd.ttft is None:
        return None
    rates = alone.throughput.requests_per_s, crowd.throughput.requests_per_s
    speeds = alone.throughput.user_tokens_per_s, crowd.throughput.user_tokens_per_s
    firsts = alone.ttft.p50, crowd.ttft.p50
    if not rates[0] or not rates[1] or not speeds[0] or not speeds[1] or not firsts[0] or not firsts[1]:
        return None
    if rates[1] > SAME * rates[0] or speeds[1] < KEPT * speeds[0] or firsts[1] < 2 * firsts[0]:
        return None
    return Limit(
        code="queue", text="the server answers one request at a time, the others wait",
        evidence="{users} users got {many} answers/s together, one alone {one}; each answer came as quickly as before, "
                 "but its first token after {later} instead of {first}",
        advice="let it answer several at once: OLLAMA_NUM_PARALLEL=4 at Ollama, --parallel 4 at llama-server",
        figures={"users": str(crowd.users), "many": digits(rates[1]), "one": digits(rates[0]),
                 "first": seconds(firsts[0]), "later": seconds(firsts[1])},
    )  # fmt: skip


def _gpu(case: _Case) -> Limit | None:
    busy = mean([one.gpu_ratio for one in readings_of(case.results)])
    if busy is None or busy < FULL:
        return None
    return Limit(
        code="gpu", text="the GPU is fully used", evidence="it was busy {share} of the time",
        advice="a smaller or more strongly quantised model answers more quickly", figures={"share": share(busy)},
    )  # fmt: skip


def _others(case: _Case) -> Limit | None:
    taken = mean([one.others_cpu_ratio for one in readings_of(case.results)])
    if taken is None or taken < OTHERS:
        return None
    return Limit(
        code="other-programs", text="other programs use the CPU", evidence="they took {share} of it on average",
        advice="close them and measure again", figures={"share": share(taken)},
    )  # fmt: skip


def _stolen(case: _Case) -> Limit | None:
    stolen = mean([one.steal_ratio for one in readings_of(case.results)])
    if stolen is None or stolen < STEAL:
        return None
    return Limit(
        code="steal", text="the host of this virtual machine gives its CPU to others",
        evidence="{share} of the CPU time was taken away on average",
        advice="measure on a machine of its own, or at another time", figures={"share": share(stolen)},
    )  # fmt: skip


def _cpu(case: _Case) -> Limit | None:
    """A full CPU: where many users together get many more tokens than one, reading the weights was the limit."""
    busy = case.server_share
    if busy is None or busy < BUSY_CPU:
        return None
    alone, crowd = case.alone, case.crowd
    one = alone.throughput.output_tokens_per_s if alone else None
    many = crowd.throughput.output_tokens_per_s if crowd else None
    if crowd is None or one is None or many is None or many < SHARED * one:
        return Limit(
            code="cpu", text="the CPU is fully used", evidence="the server took {share} of all cores on average",
            advice="a smaller or more strongly quantised model, or a GPU, answers more quickly",
            figures={"share": share(busy)},
        )  # fmt: skip
    return Limit(
        code="memory-bandwidth", text="one user alone is limited by the speed of the memory",
        evidence="the cores are busy ({share}), yet {users} users together got {many} tokens/s and one alone {one}: "
                 "the weights are read once for all of them",
        advice="a more strongly quantised model has fewer bytes to read for each token",
        figures={"share": share(busy), "users": str(crowd.users), "many": digits(many), "one": digits(one)},
    )  # fmt: skip


def _elsewhere(case: _Case) -> Limit | None:
    if any(result.server.same_host for result in case.results):
        return None
    return Limit(
        code="elsewhere", text="not known: the server is on another machine",
        evidence="its CPU, memory and GPU cannot be read from here",
        advice="run `ollascope quick` on the server's machine to see what limits it",
    )  # fmt: skip


RULES: Final[tuple[Callable[[_Case], Limit | None], ...]] = (
    _failing, _nothing, _swapping, _loading, _queue, _gpu, _others, _stolen, _cpu, _elsewhere,
)  # fmt: skip
UNKNOWN: Final = Limit(
    code="unknown", text="not found in this short time",
    evidence="no queue, and neither CPU, memory nor GPU was full",
    advice="`ollascope bench run --sweep 1,2,4,8,16,32` shows with how many users it gets slow",
)  # fmt: skip
