"""What Samples add up to: only what was measured, energy only where a counter rose."""

from dataclasses import replace

import pytest

from ollascope.monitor.past.machine import Use, use_of


def test_nothing_measured_is_nothing_told():
    assert use_of([]) == Use()


def test_reading_that_no_sample_has_is_absent(make_sample):
    use = use_of([make_sample(0.0, cpu_ratio=None)])
    assert "cpu_ratio" not in use.gauges
    assert use.gauges["memory_ratio"].mean == 0.75


def test_gauges_have_mean_least_and_most(make_sample, gpu):
    samples = [make_sample(at, cpu_ratio=at / 10, gpus=(gpu,)) for at in (1.0, 2.0, 6.0)]
    use = use_of(samples)
    cpu = use.gauges["cpu_ratio"]
    assert (cpu.n, cpu.least, cpu.most) == (3, 0.1, 0.6)
    assert cpu.mean == pytest.approx(0.3)
    assert use.gauges["gpu0_used_ratio"].most == 0.75
    assert use.names == {"gpu0": "A card"}


def test_energy_skips_counters_that_began_anew_and_long_holes(make_sample, gpu):
    readings = [(0, 100), (5, 110), (10, 3), (15, 8), (4000, 900)]
    use = use_of([make_sample(float(at), energy_joules=float(joules)) for at, joules in readings])
    assert use.energy_joules == 15.0


def test_energy_adds_the_graphics_processors(make_sample, gpu):
    samples = [make_sample(at, energy_joules=at, gpus=(replace(gpu, energy_joules=2 * at),)) for at in (0.0, 5.0)]
    assert use_of(samples).energy_joules == 15.0
