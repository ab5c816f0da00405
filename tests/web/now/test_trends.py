"""The last quarter of an hour in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.web.now.trends import PIECE_S, PIECES, trends_of
from ollascope.words.call import Call

NOW = 1_700_000_000.0


def a_call(at, **said):
    usual = {"source": "gateway", "api": "ollama", "operation": "chat", "stream": True, "outcome": "ok", "end_s": 1.0}
    return Call(id="x", sent_at=at - 1.0, **(usual | said))


def test_without_calls_every_piece_is_empty():
    found = trends_of([], NOW)
    assert found.requests == (0.0,) * PIECES
    assert found.ttft_s == (None,) * PIECES


def test_call_counts_where_it_ended():
    found = trends_of([a_call(NOW, tokens_out=30, first_chunk_s=0.2)], NOW)
    assert found.requests[-1] == 1 / PIECE_S
    assert found.tokens[-1] == 30 / PIECE_S
    assert found.ttft_s[-1] == 0.2
    assert sum(found.requests[:-1]) == 0


def test_failure_is_counted_and_what_the_asker_gave_up_is_not():
    found = trends_of([a_call(NOW, outcome="timeout"), a_call(NOW, outcome="cancelled")], NOW)
    assert found.failed[-1] == 1 / PIECE_S


@given(st.lists(st.floats(NOW - 2000, NOW + 100)))
def test_no_call_counts_twice_and_older_ones_not_at_all(ends):
    found = trends_of([a_call(at) for at in ends], NOW)
    edge = (NOW // PIECE_S + 1) * PIECE_S
    within = [at for at in ends if edge - PIECES * PIECE_S <= (at - 1.0) + 1.0 < edge]
    assert round(sum(found.requests) * PIECE_S) == len(within)
