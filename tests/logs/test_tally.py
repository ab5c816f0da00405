"""Lines add up to levels, rates of errors by code, and the messages that come most."""

from ollascope.logs.shown.tally import tally


def line(second=0, **given):
    return {
        "time": f"2026-11-21T01:{second // 60:02}:{second % 60:02}Z",
        "level": "info",
        "room": "gateway",
        "message": "x",
    } | given


def test_nothing_adds_up_to_nothing():
    found = tally([])
    assert (found.lines, found.span_s, found.failures, found.messages) == (0, None, (), ())


def test_lines_without_what_is_expected_are_counted():
    found = tally([{}, {"message": "x", "level": "odd"}])
    assert found.lines == 2


def test_errors_are_rated_by_code():
    lines = (
        [line(0)]
        + [line(n * 100, level="error", code="engine-busy") for n in range(4)]
        + [line(1800, level="critical", code="x")]
    )
    found = tally(lines)
    assert [(one.code, one.count, one.per_hour) for one in found.failures] == [("engine-busy", 4, 8.0), ("x", 1, 2.0)]


def test_error_without_a_code_goes_by_its_exception_or_room():
    found = tally([line(level="error", traceback="Traceback:\n  File\na.b.TimedOut: late\n"), line(level="error")])
    assert [one.code for one in found.failures] == ["TimedOut", "without a code, in gateway"]


def test_one_instant_has_no_rate():
    (failure,) = tally([line(level="error", code="x")]).failures
    assert failure.per_hour is None


def test_messages_count_by_their_template():
    found = tally([line(message=f"took {n} s", template="took %d s") for n in range(5)] + [line(message="other")])
    assert [(one.message, one.count) for one in found.messages] == [("took %d s", 5), ("other", 1)]


def test_only_the_most_frequent_are_told():
    assert len(tally([line(message=str(n)) for n in range(50)], top=7).messages) == 7
