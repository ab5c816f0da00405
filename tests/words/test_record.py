"""Values travel to JSON and back unharmed, unknown fields with them; what is not a value is named."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.words.call import Call
from ollascope.words.chunk import Chunk
from ollascope.words.errors import RecordInvalid
from ollascope.words.prompt import Message, Prompt
from ollascope.words.record import dumps, from_json, loads, to_json
from ollascope.words.run import Run
from ollascope.words.sample import Gpu, Process, Sample
from ollascope.words.summary import Figure, Summary

VALUES = (Call, Chunk, Prompt, Message, Run, Sample, Gpu, Process, Summary, Figure)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LETTERS = st.text(alphabet="abcdefgh", min_size=1, max_size=6)


CALLS = st.builds(
    Call, id=st.text(), sent_at=FINITE, source=st.text(), outcome=st.text(), end_s=st.none() | FINITE,
    tokens_in=st.none() | st.integers(), stream=st.none() | st.booleans(), flags=st.lists(st.text()).map(tuple),
    load_cause=st.sampled_from([None, "cold", "evicted", "context-changed"]),
    gaps=st.lists(st.tuples(st.integers(), st.integers(min_value=1))).map(tuple),
    extra=st.dictionaries(LETTERS.map(lambda text: "x_" + text), PLAIN, max_size=3),
)  # fmt: skip


@given(CALLS)
def test_call_survives_the_journey(call):
    assert loads(Call, dumps(call)) == call


@given(st.builds(
    Sample, at=FINITE, cpu_core_ratios=st.lists(FINITE).map(tuple),
    gpus=st.lists(st.builds(Gpu, index=st.integers(), name=st.none() | st.text())).map(tuple),
    processes=st.lists(st.builds(Process, role=st.text(), pid=st.integers(), cpu_s=st.none() | FINITE)).map(tuple),
))  # fmt: skip
def test_sample_survives_with_its_gpus_and_processes(sample):
    assert loads(Sample, dumps(sample)) == sample


@given(st.dictionaries(LETTERS.map(lambda text: "x_" + text), PLAIN))
@pytest.mark.parametrize("cls", [Call, Run, Summary])
def test_unknown_fields_are_kept_as_they_came(cls, unknown):
    required = {
        Call: {"id": "a", "sent_at": 1.0, "source": "gateway", "outcome": "ok"},
        Run: {"id": "a", "kind": "bench", "started_at": 1.0},
        Summary: {"since": 1.0, "until": 2.0, "requests": 0},
    }[cls]
    line = json.dumps({**unknown, **required})
    assert json.loads(dumps(loads(cls, line))) == json.loads(line)


def test_unmeasured_is_absent_and_never_zero():
    call = Call(id="a", sent_at=1.0, source="bench", outcome="ok")
    assert "end_s" not in to_json(call)
    assert loads(Call, dumps(call)).end_s is None


def test_nested_unknown_fields_are_kept():
    line = '{"messages":[{"role":"user","content":"hi","x_new":[1,null]}],"model":"m"}'
    assert json.loads(dumps(loads(Prompt, line)))["messages"][0]["x_new"] == [1, None]


def test_one_value_is_one_line():
    call = Call(id="a", sent_at=1.0, source="s", outcome="ok", note="two\nlines\u2028three")
    assert "\n" not in dumps(call)


@pytest.mark.parametrize("cls", VALUES, ids=lambda cls: cls.__name__)
def test_every_value_has_a_place_for_unknown_fields(cls):
    assert "extra" in {entry.name for entry in fields(cls)}


REQUIRED = '"id":"a","sent_at":1,"source":"s","outcome":"ok"'


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "not a line of JSON"),
        ("{", "not a line of JSON"),
        ("[" * 100_000, "not a line of JSON"),
        ("[]", "expected an object, got a list"),
        ("null", "expected an object, got nothing"),
        ('{"id":"a"}', "without sent_at, source, outcome"),
        ('{"id":1}', "Call.id: expected a text, got a whole number"),
        (f'{{{REQUIRED},"end_s":"soon"}}', "Call.end_s: expected a number, got a text"),
        (f'{{{REQUIRED},"end_s":true}}', "Call.end_s: expected a number, got true or false"),
        (f'{{{REQUIRED},"end_s":NaN}}', "Call.end_s: nan is not a measured number"),
        (f'{{{REQUIRED},"tokens_in":1.5}}', "Call.tokens_in: expected a whole number, got a number"),
        (f'{{{REQUIRED},"gaps":[[1]]}}', "Call.gaps: expected a list of 2, got a list of 1"),
        (f'{{{REQUIRED},"gaps":7}}', "Call.gaps: expected a list, got a whole number"),
        (f'{{{REQUIRED},"load_cause":"hot"}}', "'hot' is none of cold, evicted, context-changed"),
        (f'{{{REQUIRED},"flags":[null]}}', "Call.flags: expected a text, got nothing"),
    ],
)
def test_what_is_not_a_call_is_named(line, complaint):
    with pytest.raises(RecordInvalid) as failed:
        loads(Call, line)
    assert complaint in failed.value.message
    assert failed.value.hint


@given(PLAIN)
def test_any_json_is_a_call_or_a_named_error(data):
    try:
        call = from_json(Call, data)
    except RecordInvalid:
        return
    assert to_json(call)


@given(st.dictionaries(st.text(), PLAIN, max_size=3))
def test_settings_of_any_depth_survive_the_journey(settings):
    run = Run(id="r", kind="bench", started_at=1.0, settings=settings)
    assert loads(Run, dumps(run)) == run
