"""Each request of the log is counted once: as ours, with its flags, or as a Call of the log."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.logs.traffic import SOURCE, Hands, Traffic, as_call, outcome, part
from ollascope.words.call import Call
from ollascope.words.metrics import metric
from ollascope.words.record import dumps, loads
from tests.logs.recorded import OLLAMA_024, OLLAMA_032, read_log

NOW = 1_795_226_154.0


@pytest.fixture(scope="module")
def served():
    return read_log(OLLAMA_032)


def ours(request, **given):
    """The Call that our gateway would have written of a request in the log."""
    sent_at = request.ended_at + request.within_s / 2 - request.duration_s - 0.002
    status = 499 if request.cancelled else request.status
    facts = {
        "id": f"our-{request.line}", "source": "gateway", "operation": request.operation, "api": request.api,
        "sent_at": sent_at, "end_s": request.duration_s + 0.004, "status": status, "outcome": outcome(request),
    }  # fmt: skip
    return Call(**(facts | given))


class Ledger:
    """What was handed over, and the Calls that are there."""

    def __init__(self, calls=()):
        self.calls = list(calls)
        self.added = []
        self.amended = []

    def hands(self):
        return Hands(
            calls=lambda since, until: [call for call in self.calls + self.added if since <= call.sent_at <= until],
            sink=self.added.append,
            amend=lambda call, flags: self.amended.append((call.id, flags)),
        )


def take(ledger, served, pieces=1):
    traffic = Traffic(hands=ledger.hands())
    size = max(1, len(served) // pieces)
    for start in range(0, len(served), size):
        traffic.take(served[start : start + size])


def test_without_calls_of_ours_every_request_is_a_call_of_the_log(served):
    ledger = Ledger()
    take(ledger, served)
    assert len(ledger.added) == len(served) == len({call.id for call in ledger.added})
    assert {call.source for call in ledger.added} == {SOURCE}
    assert all(loads(Call, dumps(call)) == call for call in ledger.added)


@pytest.mark.parametrize("pieces", [1, 7, 143])
def test_what_came_through_us_is_not_written_again(served, pieces):
    ledger = Ledger([ours(request) for request in served])
    take(ledger, served, pieces)
    assert ledger.added == []


def test_mixture_is_parted_exactly(served):
    through_us = served[::2]
    ledger = Ledger([ours(request) for request in through_us])
    take(ledger, served, pieces=9)
    assert len(ledger.added) == len(served) - len(through_us)


@given(st.sets(st.integers(0, 142)))
def test_number_of_requests_is_always_kept(chosen):
    requests = read_log_once()
    ledger = Ledger([ours(requests[place]) for place in chosen])
    take(ledger, requests)
    assert len(ledger.added) + len(chosen) == len(requests)


def read_log_once(kept=[]):  # noqa: B006 - read once for all examples
    if not kept:
        kept.extend(read_log(OLLAMA_024))
    return kept


def test_reading_a_log_again_adds_nothing(served):
    ledger = Ledger()
    take(ledger, served)
    count = len(ledger.added)
    take(ledger, read_log(OLLAMA_032))
    assert len(ledger.added) == count


def test_flags_go_to_the_call_they_belong_to(served):
    served = [replace(request, ended_at=request.ended_at + 10 * place) for place, request in enumerate(served)]
    ledger = Ledger([ours(request) for request in served])
    take(ledger, served)
    flagged = {f"our-{request.line}": request.flags for request in served if request.flags}
    assert dict(ledger.amended) == flagged
    assert len(flagged) == 7


def test_flags_that_are_known_are_not_told_again(served):
    (request,) = [request for request in served if "prompt-truncated" in request.flags]
    ledger = Ledger([ours(request, flags=("prompt-truncated",))])
    take(ledger, [request])
    assert ledger.amended == []


def test_call_through_two_doors_counts_once_and_both_learn_the_flags(served):
    (request,) = [request for request in served if "context-clamped" in request.flags]
    outer = ours(request, id="outer")
    inner = ours(request, id="inner", parent="outer")
    ledger = Ledger([outer, inner])
    other = replace(request, key="another of the same kind", flags=())
    take(ledger, [request, other])
    assert len(ledger.added) == 1
    assert {name for name, _ in ledger.amended} == {"outer", "inner"}


def test_retried_call_stands_for_each_of_its_tries(served):
    last = served[0]
    first = replace(last, key="first", status=503, duration_s=0.002, ended_at=last.ended_at - last.duration_s)
    call = ours(last, retries=1, sent_at=first.ended_at - 0.01, end_s=last.duration_s + 0.05)
    ledger = Ledger([call])
    take(ledger, [first, last])
    assert ledger.added == []


def test_call_refused_at_our_own_door_stands_for_nothing(served):
    (refused,) = [request for request in read_log(OLLAMA_032, "serve-queue.log") if request.status == 503][:1]
    call = ours(refused, status=429, outcome="rate-limited")
    ledger = Ledger([call])
    take(ledger, [refused])
    assert len(ledger.added) == 1


def test_request_of_another_kind_is_not_ours(served):
    request = served[0]
    ledger = Ledger([ours(request, operation="embed")])
    take(ledger, [request])
    assert len(ledger.added) == 1


def test_request_long_before_our_call_is_not_ours(served):
    ledger = Ledger([ours(served[0], sent_at=served[0].ended_at + 30)])
    take(ledger, [served[0]])
    assert len(ledger.added) == 1


def test_waiting_at_our_own_door_does_not_hide_a_call(served):
    request = served[0]
    begun = request.ended_at - request.duration_s
    call = ours(request, sent_at=begun - 40, queue_s=40.0, end_s=40.0 + request.duration_s)
    parted = part([request], [call], {})
    assert [found.id for _, found in parted.ours] == [call.id]


def test_short_request_of_somebody_else_does_not_pass_for_our_long_one(served):
    short = min((request for request in served if request.status == 200), key=lambda request: request.duration_s)
    call = ours(short, sent_at=short.ended_at - 30, end_s=60.0)
    assert part([short], [call], {}).ours == ()


def test_call_of_the_log_has_what_the_line_told_and_nothing_else(served):
    request = next(request for request in served if request.tokens_in == 1521)
    call = as_call(request, "http://127.0.0.1:11434")
    assert (call.tokens_in, call.tokens_cached, call.tokens_out) == (1521, 6, request.tokens_out)
    assert (call.api, call.operation, call.engine, call.status, call.outcome) == (
        "ollama",
        "generate",
        "ollama",
        200,
        "ok",
    )
    assert (call.model, call.first_chunk_s, call.load_s, call.stream) == (None, None, None, None)
    assert call.end_s == request.duration_s
    assert call.extra["path"] == "/api/generate"
    assert call.decode_s == request.decode_s is not None
    assert metric("decode_tokens_per_s").of(call) == (call.tokens_out - 1) / call.decode_s


@pytest.mark.parametrize(
    ("status", "word"),
    [(200, "ok"), (400, "refused"), (404, "model-missing"), (418, "refused"), (499, "cancelled"),
     (500, "inference-failed"),
     (501, "unsupported"), (503, "engine-busy")],
)  # fmt: skip
def test_outcome_is_the_stable_word_for_a_status(served, status, word):
    assert outcome(replace(served[0], status=status)) == word


def test_killed_runner_is_a_crash_though_the_status_says_200(served):
    (killed,) = [request for request in served if "runner-killed" in request.flags]
    assert (killed.status, outcome(killed)) == (200, "engine-crashed")


def test_ten_thousand_calls_of_ours_do_not_slow_it_down(served):
    """Work grows with what overlaps a request, not with all that was ever recorded."""
    old = [Call(id=f"old-{number}", source="gateway", sent_at=NOW - 800 + number / 100, end_s=0.01, outcome="ok")
           for number in range(10_000)]  # fmt: skip
    parted = part(served[:5], old, {})
    assert len(parted.foreign) == 5
