"""Reading: in order, lazily, whatever state the files are in."""

import errno
import gzip
import os
import resource
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.ledger import reading as room
from ollascope.ledger.codec import Amendment, encode
from ollascope.ledger.reading import (
    LONGEST_LINE,
    SEALED_PIECE,
    Following,
    Tally,
    blocks,
    find_call,
    last_calls,
    read_calls,
    read_rows,
    read_samples,
)
from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.segment import Segment, segments
from ollascope.ledger.select import Where
from ollascope.words.errors import FolderUnusable
from ollascope.words.ids import Ids
from ollascope.words.sample import Sample

DAY = "2025-11-21"


def only_file(ledger, pattern="*/calls-*"):
    (path,) = ledger.glob(pattern)
    return path


def ids(calls):
    return [call.id for call in calls]


def test_nothing_recorded_is_read_as_nothing(ledger):
    assert list(read_calls(ledger)) == list(read_samples(ledger)) == []
    (ledger / DAY).mkdir(parents=True)
    assert list(read_calls(ledger)) == []


def test_calls_come_by_day_and_within_a_day_by_the_time_they_were_sent(ledger, write, make_call, noon):
    write(make_call(sent_at=noon + 1), make_call(sent_at=noon + 5), make_call(sent_at=noon + 90_000))
    write(make_call(sent_at=noon + 2), make_call(sent_at=noon - 90_000))
    assert [call.sent_at - noon for call in read_calls(ledger)] == [-90_000, 1, 2, 5, 90_000]


def test_reading_is_lazy(ledger, write, make_call, noon):
    write(*(make_call(sent_at=noon + day * 86_400) for day in range(3)))
    found = read_calls(ledger)
    next(found)
    shutil.rmtree(ledger / "2025-11-22")
    assert len(list(found)) == 1


def test_only_what_is_meant_is_read(ledger, write, make_call, noon):
    write(
        make_call(model="a"), make_call(model="b"), make_call(model="a", outcome="timeout"),
        make_call(model="a", note='"b"'), make_call(model="ä"),
    )  # fmt: skip
    assert ids(read_calls(ledger, Where(model="b"))) == ["call-000001"]
    assert ids(read_calls(ledger, Where(model="ä"))) == ["call-000004"]
    assert ids(read_calls(ledger, Where(model="a", outcome="ok"))) == ["call-000000", "call-000003"]
    assert ids(read_calls(ledger, Where(since=noon + 1, until=noon + 3))) == ["call-000001", "call-000002"]
    assert ids(read_rows(ledger, Where(model="b"))) == ["call-000001"]


def test_amendments_are_merged_each_flag_once(ledger, write, make_call, noon):
    call = make_call(flags=("reloaded",))
    write(call, Amendment(id=call.id, sent_at=noon, flags=("prompt-truncated", "reloaded")))
    write(Amendment(id=call.id, sent_at=noon, flags=("context-shifted",)), make_call())
    first, second = read_calls(ledger)
    assert first.flags == ("reloaded", "prompt-truncated", "context-shifted")
    assert second.flags == ()


def test_torn_last_line_is_skipped_and_counted(ledger, write, make_call):
    write(make_call(), make_call())
    path = only_file(ledger)
    path.write_bytes(path.read_bytes()[:-30])
    tally = Tally()
    assert ids(read_calls(ledger, tally=tally)) == ["call-000000"]
    assert (tally.torn, tally.invalid) == (1, 0)


def test_spoilt_lines_cost_only_themselves(ledger, write, make_call):
    write(make_call(), make_call(), make_call())
    path = only_file(ledger)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'{"id": "no call"}\n\0\0\0\n\xff\xfe\n' + lines[2][:20] + b"\n"
    path.write_bytes(b"".join(lines))
    tally = Tally()
    assert ids(read_calls(ledger, tally=tally)) == ["call-000000", "call-000002"]
    assert tally.invalid == 4


def test_endless_line_does_not_fill_the_memory(ledger, write, make_call):
    write(make_call())
    path = only_file(ledger)
    with path.open("ab") as file:
        file.write(b"\0" * (3 * LONGEST_LINE) + b"\n" + encode(make_call()))
    tally = Tally()
    assert ids(read_calls(ledger, tally=tally)) == ["call-000000", "call-000001"]
    assert tally.invalid >= 2  # told in parts, none of which was kept


def test_file_without_a_first_line_is_read_too(ledger, make_call):
    path = ledger / DAY / "calls-restored.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode(make_call()))
    assert len(list(read_calls(ledger))) == 1


def test_what_lies_before_damage_in_a_sealed_file_is_read(ledger, write, make_call):
    write(*(make_call(note=f"{number * 7919:x}" * 30) for number in range(20_000)))
    seal(ledger)
    path = only_file(ledger)
    packed = bytearray(path.read_bytes())
    assert len(packed) > 8 * SEALED_PIECE
    middle = len(packed) // 2
    packed[middle : middle + 2000] = b"\0" * 2000
    path.write_bytes(packed)
    tally = Tally()
    found = ids(read_calls(ledger, tally=tally))
    assert found == [f"call-{number:06}" for number in range(len(found))]
    assert len(found) > 5000
    assert tally.damaged == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_of_somebody_else_is_told(ledger, write, make_call):
    write(make_call())
    (ledger / DAY).chmod(0)
    with pytest.raises(FolderUnusable, match=DAY):
        list(read_calls(ledger))


def test_truncated_sealed_file_is_told(ledger, write, make_call):
    write(*(make_call() for _ in range(1000)))
    seal(ledger)
    path = only_file(ledger)
    path.write_bytes(path.read_bytes()[:-100])
    tally = Tally()
    assert len(list(read_calls(ledger, tally=tally))) > 500
    assert tally.damaged == 1


def test_file_that_is_no_gzip_is_told(ledger):
    path = ledger / DAY / "calls-x.jsonl.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"hello")
    tally = Tally()
    assert list(read_calls(ledger, tally=tally)) == []
    assert tally.damaged == 1


def test_sealed_files_put_together_by_hand_are_read_whole(ledger, write, make_call):
    write(make_call())
    write(make_call())
    seal(ledger)
    one, other = sorted(ledger.glob("*/calls-*"))
    one.write_bytes(one.read_bytes() + other.read_bytes())
    other.unlink()
    assert len(list(read_calls(ledger))) == 2


def test_segment_sealed_between_listing_and_reading_is_read(ledger, write, make_call):
    write(make_call())
    (listed,) = segments(ledger, DAY, "calls")
    seal(ledger)
    assert sum(len(lines) for lines, _ in blocks(listed)) == 2


def test_segment_given_up_between_listing_and_reading_is_nothing(ledger, write, make_call):
    write(make_call())
    (listed,) = segments(ledger, DAY, "calls")
    listed.path.unlink()
    tally = Tally()
    assert list(blocks(listed, tally=tally)) == []
    assert tally.damaged == 0


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=20), st.data())
def test_offsets_hold_for_raw_and_sealed_alike(tmp_path_factory, lines, data):
    content = b"".join(line + b"\n" for line in lines)
    folder = tmp_path_factory.mktemp("s")
    raw, sealed = folder / "calls-x.jsonl", folder / "calls-x.jsonl.gz"
    raw.write_bytes(content)
    sealed.write_bytes(gzip.compress(content))
    reached = data.draw(st.integers(0, len(lines)))
    start = sum(len(line) + 1 for line in lines[:reached])
    for path in (raw, sealed):
        found = list(blocks(Segment(path=path, kind="calls", day=DAY, id="x"), start))
        assert [line for part, _ in found for line in part] == lines[reached:]
        assert (found[-1][1] if found else start) == len(content)


def test_day_may_have_more_segments_than_files_may_be_open(ledger, write, make_call):
    for _ in range(120):
        write(make_call(), flush_ms=1, sync_s=None)
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())) + 40, usual[1]))
    try:
        tally = Tally()
        assert len(list(read_calls(ledger, tally=tally))) == 120
        assert tally.damaged == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


def test_file_that_may_not_be_read_is_told(ledger, write, make_call, monkeypatch):
    write(make_call())

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(room, "_opened", refuse)
    with pytest.raises(FolderUnusable, match="may not be used"):
        list(read_calls(ledger))


def test_bad_sector_is_damage(ledger, write, make_call, monkeypatch):
    write(make_call())

    def fail(path):
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(room, "_opened", fail)
    tally = Tally()
    assert list(read_calls(ledger, tally=tally)) == []
    assert tally.damaged == 1


def test_call_is_found_by_its_id(ledger, write, make_call, noon):
    ours = Ids(wall=lambda: noon).next()
    write(make_call(), make_call(id=ours), make_call(id="from elsewhere", sent_at=noon - 90_000))
    assert find_call(ledger, ours).id == ours
    assert find_call(ledger, "from elsewhere").sent_at == noon - 90_000
    assert find_call(ledger, "call-99") is None


def test_last_calls_reach_back_over_days(ledger, write, make_call, noon):
    write(*(make_call(sent_at=noon - day * 86_400) for day in range(5)))
    assert ids(last_calls(ledger, Where(), 2)) == ["call-000001", "call-000000"]
    assert ids(last_calls(ledger, Where(since=noon - 90_000), 9)) == ["call-000001", "call-000000"]
    assert last_calls(ledger, Where(), 0) == []


def test_following_tells_each_call_once_also_over_sealing(ledger, write, make_call, noon):
    write(make_call())
    following = Following(ledger, Where(), wall=lambda: noon)
    assert following.look() == []
    write(make_call())
    seal(ledger)
    assert ids(following.look()) == ["call-000001"]
    assert following.look() == []
    write(make_call(model="x"))
    assert ids(following.look()) == ["call-000002"]


def test_samples_of_a_span_come_in_order(ledger, write, noon):
    write(*(Sample(at=noon + at) for at in (0, 10, 86_400)))
    write(Sample(at=noon + 5))
    assert [sample.at - noon for sample in read_samples(ledger, noon + 1, noon + 86_400)] == [5, 10]


def test_call_with_everything_comes_back(ledger, write, make_call):
    call = make_call(gaps=((800, 3), (810, 1)), flags=("repaired",), extra={"new": [1, {"a": None}]})
    write(call)
    assert list(read_calls(ledger)) == [call]
