"""How long segments are kept: by age, by size, kind by kind, and where they go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger.codec import Amendment
from ollascope.ledger.reading import read_calls, read_samples
from ollascope.ledger.retention import Rule, overdue, retire, usage
from ollascope.ledger.rolling import roll_up
from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.segment import Segment, days, every_file
from ollascope.ledger.settings import Ledger
from ollascope.ledger.summary import Question, summarise
from ollascope.ledger.writer import Writer
from ollascope.words.errors import StorageTrouble
from ollascope.words.sample import Sample

DAY_S = 86_400


def rolled(ledger):
    seal(ledger)
    roll_up(ledger)


def test_old_calls_and_their_amendments_go_and_their_sums_stay(ledger, write, make_call, noon):
    old = noon - 91 * DAY_S
    write(make_call(), make_call(sent_at=old), Amendment(id="call-000001", sent_at=old, flags=("reloaded",)))
    rolled(ledger)
    done = retire(ledger, Ledger(), noon)
    assert done.segments == 2
    assert days(ledger) == ["2025-11-21"]
    assert [call.id for call in read_calls(ledger)] == ["call-000000"]
    assert summarise(ledger, Question())[()].requests == 2


def test_each_kind_is_kept_by_its_own_rule(ledger, write, make_call, noon):
    old = noon - 40 * DAY_S
    write(make_call(sent_at=old), Sample(at=old), Sample(at=noon))
    rolled(ledger)
    retire(ledger, Ledger(), noon)
    assert len(list(read_calls(ledger))) == 1
    assert [sample.at for sample in read_samples(ledger)] == [noon]


def test_oldest_go_first_when_there_is_too_much(ledger, write, make_call, noon):
    for day in range(4):
        write(*(make_call(sent_at=noon - day * DAY_S, note=f"{n * 7919:x}" * 2000) for n in range(80)))
    roll_up(ledger)
    retire(ledger, Ledger(calls_mib=2, calls_days=None), noon)
    assert days(ledger) == ["2025-11-20", "2025-11-21"]


def test_nothing_goes_where_there_is_no_limit(ledger, write, make_call, noon):
    write(make_call(sent_at=0.0))
    roll_up(ledger)
    retire(ledger, Ledger(calls_days=None, calls_mib=None), noon)
    assert len(list(read_calls(ledger))) == 1


def test_calls_that_are_not_summed_yet_stay(ledger, write, make_call, noon):
    write(make_call(sent_at=0.0))
    assert retire(ledger, Ledger(), noon).segments == 0
    roll_up(ledger)
    assert retire(ledger, Ledger(), noon).segments == 1


def test_what_is_being_written_stays(ledger, origin, make_call, noon):
    with Writer(ledger, Ledger(), origin) as writer:
        writer.call(make_call(sent_at=0.0))
        writer.flush()
        roll_up(ledger)
        assert retire(ledger, Ledger(), noon).segments == 0
        assert len(list(read_calls(ledger))) == 1


def test_archived_segments_are_whole_and_readable(ledger, tmp_path, write, make_call, noon):
    old = noon - 91 * DAY_S
    calls = [make_call(sent_at=old), make_call(sent_at=old + 1)]
    write(*calls)
    rolled(ledger)
    retire(ledger, Ledger(archive=tmp_path / "archive"), noon)
    assert list(read_calls(ledger)) == []
    assert list(read_calls(tmp_path / "archive")) == calls
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "archive").rglob("*.gz"))


def test_archive_that_cannot_be_written_keeps_the_segment(ledger, tmp_path, write, make_call, noon):
    write(make_call(sent_at=noon - 91 * DAY_S))
    rolled(ledger)
    (tmp_path / "archive").write_text("a file")
    with pytest.raises(StorageTrouble, match="archive"):
        retire(ledger, Ledger(archive=tmp_path / "archive"), noon)
    assert len(list(read_calls(ledger))) == 1


def test_usage_tells_each_kind(ledger, write, make_call, noon):
    write(make_call(), make_call(sent_at=noon - DAY_S), Sample(at=noon))
    roll_up(ledger)
    found = {one.kind: one for one in usage(ledger)}
    assert {kind: one.files for kind, one in found.items() if kind != "sums"} == {
        "calls": 2, "samples": 1, "amendments": 0
    }  # fmt: skip
    assert (found["calls"].first, found["calls"].last) == ("2025-11-20", "2025-11-21")
    assert found["calls"].bytes == sum(segment.size() for segment in every_file(ledger, ["calls"]))
    assert found["sums"].bytes > 0
    assert [one.files for one in usage(ledger / "none")] == [0, 0, 0, 0]


sizes = st.lists(st.tuples(st.integers(1, 28), st.integers(0, 3 << 20)), max_size=20)


@given(sizes, st.integers(1, 30) | st.none(), st.integers(1, 20) | st.none())
def test_what_stays_is_young_and_fits_and_nothing_younger_goes_for_size(tmp_path_factory, found, keep_days, mib):
    now = 1_764_547_200.0  # 2025-12-01
    pairs = [
        (Segment(path=tmp_path_factory.getbasetemp(), kind="calls", day=f"2025-11-{day:02}", id=f"{n:026}"), size)
        for n, (day, size) in enumerate(found)
    ]
    given_up = overdue(pairs, Rule(kinds=("calls",), days=keep_days, mib=mib), now)
    left = [(segment, size) for segment, size in pairs if segment not in given_up]
    if mib is not None:
        assert sum(size for _, size in left) <= mib << 20
    if keep_days is not None:
        assert all(int(segment.day[-2:]) >= 31 - keep_days for segment, _ in left)
    if given_up and left:
        assert max((one.day, one.id) for one in given_up) < min((one.day, one.id) for one, _ in left)
    if keep_days is None and mib is None:
        assert given_up == []
