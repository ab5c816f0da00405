"""Rolling up: each Call exactly once, whatever comes late, twice, torn or in between."""

import random
import sqlite3

import pytest

from ollascope.ledger import rolling as room
from ollascope.ledger.codec import encode
from ollascope.ledger.reading import read_calls
from ollascope.ledger.rolling import is_rolled, mark_retired, rebuild, roll_up, trim
from ollascope.ledger.rollups import FILE, open_rollups
from ollascope.ledger.sealed.sealing import seal
from ollascope.ledger.segment import every_file, segments
from ollascope.ledger.settings import Ledger
from ollascope.ledger.summary import Question, summarise
from ollascope.ledger.writer import Writer
from ollascope.stats.packed import MANY, entries, few, many
from ollascope.stats.spread import figure_of
from ollascope.words.metrics import METRICS


def dump(ledger):
    """Every sum by its words, so that two ways to the same sums can be held against each other."""
    with open_rollups(ledger) as connection:
        names = dict(connection.execute("SELECT id, name FROM metrics"))
        rows = connection.execute(
            "SELECT span, at, source, model, outcome, key_id, nested, calls, tokens_in, tokens_cached, tokens_out,"
            " spreads FROM cells JOIN groups ON groups.id = grp ORDER BY 1, 2, 3, 4, 5, 6, 7"
        ).fetchall()
    return [(*row[:-1], {names[number]: told for number, *told in held(row[-1])}) for row in rows]


def held(blob):
    for number, count, at in entries(blob):
        if count != MANY:
            yield number, sorted(few(blob, at, count))
            continue
        (calls, sum_, _, ends), numbers, counts = many(blob, at)
        yield number, calls, round(sum_, 6), ends, dict(zip(numbers, counts, strict=True))


def total(ledger):
    return sum(summary.requests for summary in summarise(ledger, Question()).values())


def scattered(make_call, noon, count, seed=1):
    source = random.Random(seed)
    return [
        make_call(
            sent_at=noon + source.uniform(-90_000, 90_000), model=source.choice(["a", "b"]), key_id=source.choice("kq"),
            outcome=source.choice(["ok", "ok", "timeout"]), first_chunk_s=source.expovariate(5),
            parent=source.choice([None, None, "p"]), tokens_cached=source.choice([None, 3]),
        ) for _ in range(count)
    ]  # fmt: skip


def test_sums_are_those_of_the_calls(ledger, write, make_call, noon):
    calls = scattered(make_call, noon, 500)
    write(*calls)
    assert roll_up(ledger).calls == 500
    answer = summarise(ledger, Question(by=("model", "outcome")))
    for (model, outcome), summary in answer.items():
        mine = [call for call in calls if (call.model, call.outcome) == (model, outcome)]
        assert summary.requests == len(mine)
        assert summary.tokens_in == sum(call.tokens_in for call in mine)
        assert summary.tokens_cached == sum(call.tokens_cached or 0 for call in mine)
        for metric in METRICS:
            values = [value for call in mine if (value := metric.of(call)) is not None]
            told, exact = summary.metrics.get(metric.name), figure_of(values)
            if not values:
                assert told is None
                continue
            assert (told.n, told.max) == (exact.n, exact.max)
            assert told.mean == pytest.approx(exact.mean)
            assert told.p50 == pytest.approx(exact.p50, rel=0.0101)
            assert (told.p90 is None) == (exact.p90 is None)


def test_rolling_up_again_adds_nothing(ledger, write, make_call, noon):
    write(*scattered(make_call, noon, 100))
    roll_up(ledger)
    before = dump(ledger)
    assert roll_up(ledger).calls == 0
    assert dump(ledger) == before


def test_many_small_steps_come_to_the_same_as_one(ledger, tmp_path, write, make_call, noon, monkeypatch):
    calls = scattered(make_call, noon, 300)
    write(*calls, folder=tmp_path / "whole")
    roll_up(tmp_path / "whole")
    monkeypatch.setattr(room, "BATCH", 7)
    for start in range(0, 300, 50):
        write(*calls[start : start + 50])
        roll_up(ledger)
        if start == 150:
            seal(ledger)
    assert dump(ledger) == dump(tmp_path / "whole")


def test_segment_is_followed_while_it_grows_and_over_its_sealing(ledger, origin, make_call):
    with Writer(ledger, Ledger(), origin) as writer:
        for calls in (3, 2):
            for _ in range(calls):
                writer.call(make_call())
            writer.flush()
            assert roll_up(ledger).calls == calls
        writer.call(make_call())
    seal(ledger)
    assert roll_up(ledger).calls == 1
    assert roll_up(ledger).calls == 0
    assert total(ledger) == 6


def test_copies_and_twins_count_once(ledger, write, make_call):
    write(make_call(), make_call())
    (raw,) = ledger.glob("*/calls-*")
    content = raw.read_bytes()
    roll_up(ledger)
    seal(ledger)
    raw.write_bytes(content)
    (raw.parent / "calls-copy.jsonl").write_bytes(content)
    other = ledger / "2025-11-20"
    other.mkdir()
    (other / raw.name).write_bytes(content)
    assert roll_up(ledger).calls == 0
    assert rebuild(ledger)[0].calls == 2
    assert total(ledger) == len(list(read_calls(ledger))) == 2


def test_call_in_the_file_of_another_day_is_not_summed(ledger, write, make_call, noon):
    """Else a day could not be summed anew without counting it twice."""
    write(make_call())
    (raw,) = ledger.glob("*/calls-*")
    with raw.open("ab") as file:
        file.write(encode(make_call(sent_at=noon - 90_000)))
    assert roll_up(ledger).calls == 1


def test_torn_line_is_summed_once_it_is_whole(ledger, write, make_call):
    write(make_call(), make_call())
    (raw,) = ledger.glob("*/calls-*")
    content = raw.read_bytes()
    raw.write_bytes(content[:-20])
    assert roll_up(ledger).calls == 1
    raw.write_bytes(content)
    assert roll_up(ledger).calls == 1


def test_spoilt_lines_are_counted_and_do_not_stop_the_rest(ledger, write, make_call):
    write(make_call(), make_call())
    (raw,) = ledger.glob("*/calls-*")
    with raw.open("ab") as file:
        file.write(b'{"id":1}\n')
    rolled = roll_up(ledger)
    assert (rolled.calls, rolled.invalid) == (2, 1)


def test_late_and_future_calls_are_summed_where_they_belong(ledger, write, make_call, noon):
    write(make_call())
    roll_up(ledger)
    write(make_call(sent_at=noon - 400 * 86_400), make_call(sent_at=noon + 400 * 86_400), make_call(sent_at=noon + 1))
    roll_up(ledger)
    today = summarise(ledger, Question())
    assert [summary.requests for summary in today.values()] == [4]


def test_what_is_asked_for_in_vain_makes_no_models(ledger, write, make_call):
    write(*(make_call(model=f"random-{number}", outcome="model-missing") for number in range(50)))
    roll_up(ledger)
    assert list(summarise(ledger, Question(by=("model", "outcome")))) == [(None, "model-missing")]


def test_rebuilt_sums_are_the_same(ledger, write, make_call, noon):
    write(*scattered(make_call, noon, 200))
    roll_up(ledger)
    before = dump(ledger)
    assert rebuild(ledger)[0].calls == 200
    assert dump(ledger) == before
    (ledger / FILE).unlink()
    roll_up(ledger)
    assert dump(ledger) == before


def test_days_whose_calls_are_gone_keep_their_sums_when_rebuilt(ledger, write, make_call, noon):
    write(make_call(), make_call(sent_at=noon - 86_400))
    roll_up(ledger)
    (old,) = segments(ledger, "2025-11-20", "calls")
    with open_rollups(ledger, write=True) as connection:
        assert is_rolled(connection, old)
        mark_retired(connection, old)
    old.path.unlink()
    rolled, kept = rebuild(ledger)
    assert (rolled.calls, kept, total(ledger)) == (1, 1, 2)


def test_day_with_a_damaged_file_keeps_its_sums_when_rebuilt(ledger, write, make_call):
    write(*(make_call() for _ in range(50)))
    seal(ledger)
    roll_up(ledger)
    (sealed,) = ledger.glob("*/calls-*.gz")
    sealed.write_bytes(sealed.read_bytes()[:100])
    rolled, kept = rebuild(ledger)
    assert (rolled.calls, kept, total(ledger)) == (0, 1, 50)


def test_step_that_fails_leaves_nothing_behind(ledger, write, make_call, monkeypatch):
    write(make_call(), make_call())

    def fail(*_):
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(room, "_add", fail)
        with pytest.raises(Exception, match="disk I/O error"):
            roll_up(ledger)
    assert roll_up(ledger).calls == 2
    assert total(ledger) == 2


def test_two_at_once_count_each_call_once(ledger, write, make_call, monkeypatch):
    write(*(make_call() for _ in range(30)))
    cells = room._cells

    def overtaken(lines, segment, tally):
        monkeypatch.setattr(room, "_cells", cells)
        roll_up(ledger)
        return cells(lines, segment, tally)

    monkeypatch.setattr(room, "_cells", overtaken)
    assert roll_up(ledger).calls == 0
    assert total(ledger) == 30


def test_sums_are_kept_as_long_as_settings_say(ledger, write, make_call, noon):
    write(*(make_call(sent_at=noon - day * 86_400) for day in (0, 20, 500)))
    roll_up(ledger)
    with open_rollups(ledger, write=True) as connection:
        trim(connection, Ledger(), noon)
        left = connection.execute("SELECT span, count(*) FROM cells GROUP BY span").fetchall()
    assert left == [(60, 1), (3600, 2)]
    assert total(ledger) == 2


def test_every_file_is_rolled_when_all_is_summed(ledger, write, make_call):
    write(make_call())
    with open_rollups(ledger, write=True) as connection:
        assert not any(is_rolled(connection, segment) for segment in every_file(ledger))
    roll_up(ledger)
    with open_rollups(ledger) as connection:
        assert all(is_rolled(connection, segment) for segment in every_file(ledger))
