"""What an Ollama's log tells of, set against the Calls we have: others' requests become Calls, ours get flags."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ollascope.logs.ollama import Served
from ollascope.words.call import Call
from ollascope.words.ids import Ids
from ollascope.words.record import Json

SOURCE = "ollama-log"
LONGEST_WAIT_S = 900.0  # so long may a request have waited at our own door before Ollama saw it
SKEW_S = 0.5  # between two readings of one machine's clock
UNEXPLAINED_S, UNEXPLAINED_RATIO = 0.5, 0.1  # of a Call's time, what Ollama need not know of
AT_ONCE = 200
OTHER_API_S = 0.2  # a gateway rarely asks by another API than it was asked
OUTCOMES = {
    400: "refused", 401: "access-denied", 403: "refused", 404: "model-missing", 413: "too-large", 429: "rate-limited",
    499: "cancelled", 501: "unsupported", 503: "engine-busy", 504: "timeout",
}  # fmt: skip
CUT_SHORT = (499, 502, 504)  # what our door says of an exchange that did not reach its end
CallsBetween = Callable[[float, float], Iterable[Call]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Whom the reader of a log works with, as plain callables.

    `calls` gives the Calls sent between two instants, those of this source among them; `sink` takes a new Call; `amend`
    takes a Call and the flags that were learnt of it.
    """

    calls: CallsBetween
    sink: Callable[[Call], None]
    amend: Callable[[Call, tuple[str, ...]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Which requests are nobody's Calls yet, and which Call each of the others is."""

    foreign: tuple[Served, ...]
    ours: tuple[tuple[Served, Call], ...]


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Takes requests in the order of the log; remembers which Call has been found, so that none stands for two."""

    hands: Hands
    backend: str | None = None
    _found: dict[str, int] = field(default_factory=dict)

    def take(self, served: Sequence[Served]) -> None:
        """Hand on what these requests are."""
        for start in range(0, len(served), AT_ONCE):
            self._take(served[start : start + AT_ONCE])

    def _take(self, served: Sequence[Served]) -> None:
        since = min(request.ended_at - request.duration_s for request in served) - LONGEST_WAIT_S
        until = max(request.ended_at + request.within_s for request in served) + SKEW_S
        calls = list(self.hands.calls(since, until))
        known = {call.id for call in calls if call.source == SOURCE}
        parted = part(served, calls, self._found)
        for request in parted.foreign:
            call = as_call(request, self.backend)
            if call.id not in known:
                self.hands.sink(call)
        by_id = {call.id: call for call in calls}
        for request, call in parted.ours:
            self._found[call.id] = self._found.get(call.id, 0) + 1
            for one in (call, by_id.get(call.parent or "")):
                fresh = tuple(flag for flag in request.flags if one is not None and flag not in one.flags)
                if one is not None and fresh:
                    self.hands.amend(one, fresh)
        while len(self._found) > 65_536:
            del self._found[next(iter(self._found))]


def part(served: Sequence[Served], calls: Iterable[Call], found: Mapping[str, int]) -> Parted:
    """Each request finds at most one Call, the one that fits best; each Call as many requests as it made."""
    earliest = min((request.ended_at - request.duration_s for request in served), default=0.0) - SKEW_S
    all_calls = [call for call in calls if call.source != SOURCE and _end(call) >= earliest]
    outer = {call.parent for call in all_calls}  # what went through two of our doors reached Ollama from the inner one
    places = [place for call in all_calls if call.id not in outer
              for place in [call] * (1 + (call.retries or 0) - found.get(call.id, 0))]  # fmt: skip
    fits = [_by_fit(request, places) for request in served]
    wanted = [[place for _, place in row] for row in fits]
    held: dict[int, int] = {}  # place -> request
    for request in sorted(range(len(served)), key=lambda request: fits[request][:1]):
        _seat(request, wanted, held, set())
    ours = {request: places[place] for place, request in held.items()}
    return Parted(
        foreign=tuple(request for number, request in enumerate(served) if number not in ours),
        ours=tuple((served[number], ours[number]) for number in sorted(ours)),
    )


def _by_fit(request: Served, places: Sequence[Call]) -> list[tuple[float, int]]:
    fits = ((_misfit(request, call), place) for place, call in enumerate(places))
    return sorted((cost, place) for cost, place in fits if cost is not None)


def _seat(request: int, wanted: Sequence[Sequence[int]], held: dict[int, int], tried: set[int]) -> bool:
    """Give a request its best place; one that holds it may have to move to its next best."""
    free = next((place for place in wanted[request] if place not in held), None)
    if free is not None:
        held[free] = request
        return True
    for place in wanted[request]:
        if place not in tried:
            tried.add(place)
            if _seat(held[place], wanted, held, tried):
                held[place] = request
                return True
    return False


def as_call(request: Served, backend: str | None) -> Call:
    """A request that did not come through us; reading its line again gives the same id."""
    digest = hashlib.blake2b(request.key.encode(), digest_size=10).digest()
    ids = Ids(wall=lambda: request.second, chance=lambda _bits: int.from_bytes(digest, "big"))
    extra: dict[str, Json] = {"path": request.path, "ended_within_s": round(request.within_s, 6)}
    return Call(
        id=ids.next(),
        sent_at=request.ended_at - request.duration_s,
        source=SOURCE,
        outcome=outcome(request),
        api=request.api,
        operation=request.operation,
        engine="ollama",
        backend=backend,
        status=request.status,
        end_s=request.duration_s,
        prefill_s=request.prefill_s,
        decode_s=request.decode_s,
        tokens_in=request.tokens_in,
        tokens_cached=request.tokens_cached,
        tokens_out=request.tokens_out,
        flags=request.flags,
        note="its tokens were matched by order alone" if request.by_order else None,
        extra=extra,
    )


def outcome(request: Served) -> str:
    """The word for how a request ended, as far as status and log tell."""
    if "runner-killed" in request.flags:
        return "engine-crashed"
    if request.cancelled:
        return "cancelled"
    if request.status < 400:
        return "ok"
    return OUTCOMES.get(request.status, "refused" if request.status < 500 else "inference-failed")


def _end(call: Call) -> float:
    return float("inf") if call.end_s is None else call.sent_at + call.end_s


def _misfit(request: Served, call: Call) -> float | None:
    """How badly a request fits a Call, in seconds; None if it cannot be it."""
    if not _same_kind(request, call):
        return None
    first = request.ended_at - request.duration_s
    last = first + request.within_s
    if last < call.sent_at - SKEW_S or first > _end(call) + SKEW_S:
        return None
    apart = max(0.0, call.sent_at - last, first - _end(call))
    if call.api is not None and call.api != request.api:
        apart += OTHER_API_S
    if call.end_s is None:
        return apart
    unexplained = call.end_s - (call.queue_s or 0.0) - request.duration_s
    ended_well = call.outcome == "ok" and not call.retries
    allowed = UNEXPLAINED_S + UNEXPLAINED_RATIO * call.end_s
    if ended_well and not -SKEW_S - request.within_s <= unexplained <= allowed:
        return None
    return apart + abs(unexplained)


def _same_kind(request: Served, call: Call) -> bool:
    if call.operation is not None and _family(call.operation) != _family(request.operation):
        return False
    if call.outcome == "ok":
        return call.status in {None, request.status} or bool(call.retries)
    return call.status in {None, request.status, *CUT_SHORT} or bool(call.retries)


def _family(operation: str) -> str:
    """A gateway may have asked for the same thing by another path."""
    return "embed" if operation.startswith("embed") else "answer"
