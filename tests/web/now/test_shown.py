"""What the first page makes of figures: None stays not measured, long names and odd values are shown."""

import pytest

from ollascope.apis.models import Model
from ollascope.checks.finding import Finding
from ollascope.monitor.objectives import Budget
from ollascope.monitor.top import Seen, View, Window
from ollascope.web.language import speaking
from ollascope.web.now.shown import gauges_of, loaded, shown, stats_of
from ollascope.web.now.state import Promises, Scene
from ollascope.web.now.trends import trends_of
from ollascope.words.sample import Gpu, Sample
from ollascope.words.summary import Figure

NOW = 1_700_000_000.0
WINDOWS = tuple(Window(length_s=length) for length in (60.0, 300.0, 900.0))
VIEW = View(
    at=NOW, engine="ollama", backend="http://127.0.0.1:11434", seen=Seen(), windows=WINDOWS, sample=Sample(at=NOW)
)


def stat(view, label):
    return next(each for each in stats_of(view, trends_of([], NOW)) if each.label == label)


@pytest.mark.parametrize("label", ["TTFT p50", "TTFT p95", "speed p50", "failed", "in flight"])
def test_what_was_not_measured_is_none(label):
    assert stat(VIEW, label).value is None


def test_no_requests_are_none_a_second():
    assert stat(VIEW, "requests").value == "0/s"


def test_failures_have_a_tone():
    busy = Window(length_s=900.0, requests=200, failed=1, ttft=Figure(n=200, p50=0.25, p95=1.5))
    view = View(
        at=NOW, engine="ollama", backend="", seen=Seen(busy=2, slots=4), windows=(busy,) * 3, sample=Sample(at=NOW)
    )
    assert (stat(view, "failed").value, stat(view, "failed").tone) == ("0.5 %", "problem")
    assert stat(view, "TTFT p50").value == "250 ms"
    assert (stat(view, "in flight").value, stat(view, "in flight").note) == ("2", "of 4 slots")


def test_machine_that_tells_nothing_has_empty_gauges():
    assert {each.share for each in gauges_of(Sample(at=NOW))} == {None}


def test_each_graphics_processor_has_its_gauges():
    gpus = (
        Gpu(index=0, used_ratio=0.5, memory_used_bytes=2**30, memory_total_bytes=2**33, power_watts=70.4),
        Gpu(index=1),
    )
    found = {each.label: each for each in gauges_of(Sample(at=NOW, gpus=gpus))}
    assert (found["GPU 0"].text, found["GPU 0"].note) == ("50 %", "70 W")
    assert found["GPU 0 memory"].note == "1 GiB of 8 GiB"
    assert found["GPU 1"].text is None


@pytest.mark.parametrize(
    ("size", "vram", "said"),
    [(100, 100, "100 % GPU"), (100, 0, "100 % CPU"), (100, 25, "25 % GPU, 75 % CPU"), (100, 200, "100 % GPU"),
     (None, 5, None), (0, 0, None), (100, None, None)],
)  # fmt: skip
def test_split_between_processors(size, vram, said):
    split = loaded(Model(name="x", size=size, size_vram=vram), NOW).split
    assert split == (said and said.replace(" % ", "\xa0%\xa0"))  # a line ends between the two alone


@pytest.mark.parametrize("text", [None, "", "soon", "9999-99-99", "-1"])
def test_expiry_that_cannot_be_read_is_not_known(text):
    model = loaded(Model(name="x", expires_at=text), NOW)
    assert (model.until, model.stays) == (None, False)


def test_model_that_stays_for_ever_says_so():
    assert loaded(Model(name="x", expires_at="2318-01-01T00:00:00Z"), NOW).stays


def test_nothing_known_yet_is_shown_as_such():
    found = shown({"scene": Scene(everything=False)})
    assert (found["view"], found["findings"], found["worst"], found["stats"]) == (None, None, None, [])


def test_worst_check_comes_first():
    findings = [Finding(id="a", state="ok", text=""), Finding(id="b", state="problem", text="")]
    found = shown({"scene": Scene(everything=False, findings=findings)})
    assert found["worst"] == "problem"
    assert [each.id for each in found["findings"]] == ["b", "a"]


@pytest.mark.parametrize(
    ("left", "tone"), [(None, "soft"), (1.0, "ok"), (0.1, "warning"), (0.0, "problem"), (-3.0, "problem")]
)
def test_budget_has_a_tone(left, tone):
    budget = Budget(slo="success > 99 %", requests=5, broken=1, remaining=left)
    found = shown({"scene": Scene(everything=False, promises=Promises(budgets=[budget]))})
    assert found["budgets"][0]["tone"] == tone


def test_figures_speak_the_language_of_the_viewer():
    with speaking("zh"):
        assert stats_of(VIEW, trends_of([], NOW))[0].label == "请求"
