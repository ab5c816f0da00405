"""Threads: as many as help, no more; a slow model gets all."""

from hypothesis import given
from hypothesis import strategies as st

from ollascope.serve.llamacpp.slots.threads import Threads, choose_threads, possible_counts


def times(one: dict[int, float], many: dict[int, float] | None = None):
    return lambda count: (one[count], (many or one)[count])


def test_only_one_core_needs_no_measuring():
    assert choose_threads(lambda _: (_ for _ in ()).throw(AssertionError), [1]) == Threads(one=1, many=1)


def test_small_model_that_gains_nothing_stays_on_one():
    assert choose_threads(times({1: 1e-3, 2: 0.98e-3, 4: 1.1e-3}), [1, 2, 4]) == Threads(one=1, many=1)


def test_batches_may_gain_where_single_tokens_do_not():
    measured = times({1: 1e-3, 2: 1e-3}, {1: 8e-3, 2: 4.1e-3})
    assert choose_threads(measured, [1, 2]) == Threads(one=1, many=2)


def test_slow_model_gets_all_cores_after_one_look():
    asked = []

    def measure(count):
        asked.append(count)
        return 0.2, 0.5

    assert choose_threads(measure, [1, 2, 4]) == Threads(one=4, many=4)
    assert asked == [4]


def test_one_disturbed_measurement_decides_nothing():
    disturbed = iter([(0.02, 0.02), (1e-3, 2e-3)])

    def measure(count):
        return next(disturbed, (1e-3, 2e-3) if count == 1 else (0.5e-3, 1e-3))

    assert choose_threads(measure, [1, 2]) == Threads(one=2, many=2)


def test_quota_of_the_control_group_is_kept(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/here\n")
    group = tmp_path / "sys/fs/cgroup/here"
    group.mkdir(parents=True)
    (group / "cpu.max").write_text("100000 100000\n")
    assert possible_counts(tmp_path) == [1]


@given(st.dictionaries(st.sampled_from([1, 2, 4, 8]), st.floats(1e-4, 4e-2), min_size=1))
def test_chosen_count_is_nearly_the_fastest(measured):
    counts = sorted(measured)
    chosen = choose_threads(times(measured), counts)
    assert measured[chosen.one] <= min(measured.values()) * 1.08**3 or len(counts) == 1
