"""One Call as a waterfall: nothing is invented, and bars stand one after the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.calls.phases import phases_of
from ollascope.words.call import Call

lengths = st.none() | st.floats(0, 1e4, allow_nan=False)


def a_call(**said):
    return Call(id="c", sent_at=0.0, source="gateway", outcome="ok", **said)


def told(call):
    return [(phase.what, pytest.approx(phase.start), pytest.approx(phase.length)) for phase in phases_of(call)]


def test_nothing_measured_is_no_bar():
    assert phases_of(a_call()) == []


def test_phases_follow_each_other_and_what_nobody_tells_is_called_so():
    call = a_call(queue_s=0.5, load_s=2.0, prefill_s=1.0, first_chunk_s=4.0, first_answer_s=6.0, end_s=10.0)
    assert told(call) == [("queue", 0.0, 0.5), ("load", 0.5, 2.0), ("prefill", 2.5, 1.0), ("untold", 3.5, 0.5),
                          ("thinking", 4.0, 2.0), ("decode", 6.0, 4.0)]  # fmt: skip


def test_request_that_was_sent_late_begins_when_it_was_due():
    assert told(a_call(due_s=-1.5, end_s=2.0)) == [("late", -1.5, 1.5), ("untold", 0.0, 2.0)]


def test_answer_whose_pieces_were_not_seen_has_the_engine_s_own_time():
    assert told(a_call(prefill_s=1.0, decode_s=3.0, end_s=4.0)) == [("prefill", 0.0, 1.0), ("decode", 1.0, 3.0)]


@given(lengths, lengths, lengths, lengths, lengths, lengths)
def test_no_bar_is_negative_or_beyond_the_end(queue, load, prefill, first, answer, end):
    call = a_call(queue_s=queue, load_s=load, prefill_s=prefill, first_chunk_s=first, first_answer_s=answer, end_s=end)
    phases = phases_of(call)
    assert all(phase.length > 0 for phase in phases)
    starts = [phase.start for phase in phases if phase.what not in {"decode", "thinking"}]
    assert starts == sorted(starts)
