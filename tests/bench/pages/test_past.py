"""What a run under way has shown: counts add up whatever the pauses between two looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.bench.asked import Asked, Level, Load, Target
from ollascope.bench.pages.past import MOST, Pasts, memory_of
from ollascope.bench.running.standing import Standing
from ollascope.bench.shown.charts import over_time
from ollascope.words.record import dumps
from ollascope.words.sample import Sample

ASKED = Asked(target=Target(url="", model="m"), load=Load(levels=(Level(users=1),)))


def standing(at_s, **more):
    usual = {"run": "r", "pid": 1, "process": "p", "state": "running", "at": 1000.0 + at_s, "at_s": at_s}
    return Standing(**{**usual, **more})


def seen(folder, moments):
    pasts = Pasts()
    for now in moments:
        pasts.take(folder, now)
    return pasts.so_far("r", ASKED, moments[-1])


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "r"
    place.mkdir()
    return place


def test_run_that_nobody_looked_at_has_no_past():
    assert Pasts().so_far("r", ASKED, standing(1.0)) is None


def test_folder_without_files_has_an_empty_past(folder):
    found = seen(folder, [standing(0.0, state="preparing")])
    assert (found.slices, found.readings, memory_of(found)) == ((), (), None)
    assert over_time(found, "en").svg == ""


@given(st.lists(st.tuples(st.floats(0.2, 9.0), st.integers(0, 50)), min_size=1, max_size=60))
def test_counts_add_up(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("x") / "r"
    folder.mkdir()
    moments, at, ended = [standing(0.1)], 0.1, 0
    for pause, answers in steps:
        at, ended = at + pause, ended + answers
        moments.append(standing(at, sent=ended, ended=ended))
    found = seen(folder, moments)
    assert sum(one.ok for one in found.slices) == ended
    assert [one.at_s for one in found.slices] == sorted({one.at_s for one in found.slices})


def test_long_run_keeps_few_slices_and_all_counts(folder):
    moments = [standing(float(second), sent=3 * second, ended=3 * second, failed=second) for second in range(1200)]
    found = seen(folder, moments)
    assert len(found.slices) <= MOST
    assert (sum(one.failed for one in found.slices), sum(one.ok for one in found.slices)) == (1199, 2398)


def test_same_id_begun_again_has_no_old_past(folder):
    found = seen(folder, [standing(5.0, ended=10), standing(6.0, ended=20), standing(0.5, ended=1)])
    assert found.slices == ()


def test_machine_is_read_as_far_as_its_lines_are_whole(folder):
    samples = folder / "samples.jsonl"
    pasts = Pasts()
    lines = [dumps(Sample(at=1000.0 + number, cpu_ratio=0.5, extra={"at_s": float(number)})) for number in range(3)]
    samples.write_text(f"{lines[0]}\nnot a line\n{lines[1]}\n{lines[2][:20]}")
    pasts.take(folder, standing(1.0))
    assert len(pasts.so_far("r", ASKED, standing(1.0)).readings) == 1
    samples.write_text(f"{lines[0]}\nnot a line\n{lines[1]}\n{lines[2]}\n")
    pasts.take(folder, standing(2.0))
    assert [one.at_s for one in pasts.so_far("r", ASKED, standing(2.0)).readings] == [1.0, 2.0]


def test_chart_reaches_to_where_the_run_will_end(folder):
    found = seen(folder, [standing(0.5), standing(2.0, ended=4, left_s=8.0, in_flight=2)])
    assert found.window.until_s == 10.0
    assert "<svg" in over_time(found, "zh").svg


def test_drawings_are_made_once_a_slice_and_language(folder):
    pasts = Pasts()
    for at_s in (0.5, 2.0):
        pasts.take(folder, standing(at_s, ended=int(at_s), in_flight=1))
    now = standing(2.0)
    first = pasts.drawn(pasts.so_far("r", ASKED, now), "en")
    assert pasts.drawn(pasts.so_far("r", ASKED, now), "en") is first
    assert pasts.drawn(pasts.so_far("r", ASKED, now), "zh") is not first
    pasts.take(folder, standing(3.5, ended=9, in_flight=1))
    assert pasts.drawn(pasts.so_far("r", ASKED, standing(3.5)), "en") is not first


def test_many_readings_are_thinned_and_the_last_stays(folder):
    lines = [dumps(Sample(at=1000.0 + number, cpu_ratio=0.5, extra={"at_s": float(number)})) for number in range(1500)]
    (folder / "samples.jsonl").write_text("\n".join(lines) + "\n")
    found = seen(folder, [standing(1499.0)])
    assert len(found.readings) <= 302
    assert found.readings[-1].at_s == 1499.0
