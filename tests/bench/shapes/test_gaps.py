"""The arrival processes: their distributions, by tests that know them."""

from itertools import islice, pairwise
from random import Random
from statistics import fmean, pstdev

import pytest
from scipy import stats

from ollascope.bench.asked import Ends
from ollascope.bench.shapes import make_schedule
from ollascope.bench.shapes.gaps import draw_gaps
from ollascope.words.errors import BadUsage
from tests.bench.shapes.loads import rate

ENOUGH = 20_000


def gaps(arrival, burstiness=1.0, seed=1):
    return list(islice(draw_gaps(arrival, burstiness, Random(seed)), ENOUGH))


def sent_gaps(asked):
    return [later - earlier for earlier, later in pairwise(make_schedule(asked, 8).due)]


@pytest.mark.parametrize("arrival", ["closed", "trace"])
def test_what_has_no_gaps_is_refused(arrival):
    with pytest.raises(BadUsage):
        draw_gaps(arrival, 1.0, Random(1))


@pytest.mark.parametrize("seed", range(3))
def test_poisson_passes_the_test_of_kolmogorov_and_smirnov(seed):
    assert stats.kstest(gaps("poisson", seed=seed), "expon").pvalue > 0.01


@pytest.mark.parametrize("burstiness", [0.1, 0.25, 0.9, 2.0, 4.0, 20.0])
def test_gamma_passes_the_test_of_kolmogorov_and_smirnov(burstiness):
    drawn = gaps("gamma", burstiness)
    assert stats.kstest(drawn, stats.gamma(1 / burstiness, scale=burstiness).cdf).pvalue > 0.01


@pytest.mark.parametrize("burstiness", [0.25, 4.0])
def test_burstiness_is_the_ratio_of_variances(burstiness):
    drawn = gaps("gamma", burstiness)
    assert fmean(drawn) == pytest.approx(1, rel=0.06)
    assert pstdev(drawn) ** 2 == pytest.approx(burstiness, rel=0.15)


def test_gamma_of_burstiness_one_is_poisson():
    assert gaps("gamma", 1.0) == gaps("poisson")


def test_gaps_do_not_depend_on_one_another():
    drawn = gaps("poisson")
    assert abs(stats.pearsonr(drawn[1:], drawn[:-1]).statistic) < 0.03


def test_schedule_of_poisson_keeps_its_rate_and_its_distribution():
    found = sent_gaps(rate(50, ends=Ends(seconds=200)))
    assert stats.kstest(found, stats.expon(scale=1 / 50).cdf).pvalue > 0.01


def test_constant_rate_does_not_vary():
    found = sent_gaps(rate(7, "constant", ends=Ends(seconds=60)))
    assert pstdev(found) / fmean(found) < 1e-9
    assert fmean(found) == pytest.approx(1 / 7)


def test_test_of_the_tests_finds_a_wrong_process():
    assert stats.kstest(gaps("gamma", 1.5), "expon").pvalue < 0.01
