"""How far an order is: rate and time left over the last seconds, few lines in a pipe, and whether it was resumed."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.apis.models import Progress
from ollascope.engines.shown.progress import Course, Lines, Screen, watch

MIB = 1 << 20
PART = "pulling 21aa30f6b0a3"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def part(done, total=1000, status=PART, digest="sha256:a"):
    return Progress(status=status, digest=digest, total=total * MIB, completed=done * MIB)


def taken(*steps):
    """What is known after each of these steps, given with their instants."""
    clock = Clock()
    course = Course(clock)
    found = []
    for at, step in steps:
        clock.now = at
        found.append(course.take(step))
    return found


def lines(*steps):
    clock, told = Clock(), []

    def timed():
        for at, step in steps:
            clock.now = at
            yield step

    watch(timed(), Lines(told.append, clock), clock)
    return told


def test_first_report_tells_no_rate():
    first, _, last = taken((0, part(0)), (0.1, part(1)), (10, part(100)))
    assert (first.rate, first.left_s) == (None, None)
    assert (last.rate, last.left_s) == (10 * MIB, 90)
    assert last.figures() == "10 %, 100 MiB of 1000 MiB, 10.0 MiB/s, 2 min left"


def test_rate_is_that_of_the_last_seconds():
    *_, last = taken(
        *((float(at), part(at * 10)) for at in range(50)), *((50.0 + at, part(490 + at)) for at in range(15))
    )
    assert last.rate == MIB


def test_bytes_that_were_there_are_not_counted_as_rate():
    first, second = taken((0, part(400)), (10, part(410)))
    assert second.rate == MIB
    assert first.resumed
    assert not second.resumed


def test_part_that_is_begun_anew_has_no_rate_below_zero():
    *_, last = taken((0, part(0)), (5, part(500)), (6, part(0)))
    assert last.rate is None


def test_part_of_which_nothing_was_there_is_no_resumption():
    for first in (0, 20, 1000):
        assert not taken((0, part(first)))[0].resumed
    assert not taken((0, part(400, status="sending a.gguf")))[0].resumed


def test_resumption_is_told_once():
    told = lines(
        (0, Progress(status="pulling manifest")), (1, part(400)), (2, part(410)), (3, Progress(status="success"))
    )
    assert told == [
        "pulling manifest",
        "going on where it stopped: 400 MiB of 1000 MiB are there",
        f"{PART}: 40 %, 400 MiB of 1000 MiB",
    ]


def test_lines_are_few():
    told = lines(*((at / 10, part(at)) for at in range(1001)))
    assert len(told) <= 21
    assert told[-1] == f"{PART}: 100 %, 1000 MiB of 1000 MiB"


def test_part_that_is_told_again_and_again_is_one_line():
    assert len(lines(*((at, part(1000)) for at in range(60)))) == 1


def test_slow_part_is_told_now_and_then():
    assert len(lines(*((at, part(0)) for at in range(60)))) == 6


def test_status_cannot_steer_the_terminal():
    assert "\x1b" not in "".join(lines((0, Progress(status="\x1b[2J")), (1, part(1, status="\x1b[2J"))))


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 1000), st.sampled_from("ab"), st.floats(0, 100))))
def test_any_course_stays_within_its_bounds(steps):
    at = 0.0
    for standing in taken(*((at := at + wait, part(done, total, digest=key)) for done, total, key, wait in steps)):
        assert 0 <= standing.done <= (standing.total or 0)
        assert standing.rate is None or standing.rate >= 0
        assert standing.left_s is None or standing.left_s > 0


def test_bars_end_full_although_the_last_bytes_were_not_reported(capsys):
    steps = [
        Progress(status="pulling manifest"), part(400), part(900), Progress(status="verifying sha256 digest"),
        Progress(status="success"),
    ]  # fmt: skip
    watch(steps, Screen(), Clock())
    told = capsys.readouterr().err
    assert "going on where it stopped" in told
    assert "verifying sha256 digest" in told
    assert "1000 MiB" in told
