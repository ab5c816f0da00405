"""Chat templates of well-known families say what they should; what they refuse is told in their words."""

from datetime import UTC, datetime

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ollascope.serve.llamacpp.speech import ChatTemplate
from ollascope.serve.llamacpp.speech.sandbox import Bounds
from ollascope.words.errors import BadUsage, LoadFailed
from tests.serve.llamacpp.speech import families

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": " Hi "}
ASSISTANT = {"role": "assistant", "content": "Yes"}
CALLED = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"type": "function", "id": "c1", "function": {"name": "add", "arguments": {"a": 1, "b": "é<"}}}],
}
RESULT = {"role": "tool", "content": "2", "tool_call_id": "c1"}
PARAMETERS = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "l": {"type": "array", "items": {"enum": ["x", "y"]}}},
}
TOOL = {"type": "function", "function": {"name": "add", "description": "a + b", "parameters": PARAMETERS}}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def render(source, *messages, tools=(), think=None):
    template = ChatTemplate(source, bos="<s>", eos="</s>")
    return template.render(messages, tools=tools, think=think, now=NOW)


def test_a_file_without_a_template_speaks_chatml():
    assert render(None, SYSTEM, USER) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n"
    )
    assert not ChatTemplate(None).given


def test_qwen_tells_tools_calls_and_results():
    text = render(families.QWEN3, SYSTEM, USER, CALLED, RESULT, tools=[TOOL])
    assert text.startswith('<|im_start|>system\nBe brief.\n\n# Tools\n\nYou may call functions.\n<tools>\n{"type": ')
    assert '<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": "é<"}}\n</tool_call><|im_end|>\n' in text
    assert text.endswith("<|im_start|>user\n<tool_response>\n2\n</tool_response><|im_end|>\n<|im_start|>assistant\n")


def test_qwen_leaves_old_thoughts_out_and_can_be_told_not_to_think():
    thought = {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes"}
    text = render(families.QWEN3, USER, thought, USER, think=False)
    assert text == (
        "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )
    assert render(families.QWEN3, USER, think=True) == render(families.QWEN3, USER)


def test_llama_knows_the_date_and_writes_tools_as_json():
    text = render(families.LLAMA3, SYSTEM, USER, CALLED, RESULT, tools=[TOOL])
    assert text.startswith("<s><|start_header_id|>system<|end_header_id|>\n\nToday Date: 21 Nov 2026\n\nRespond in")
    assert '{\n    "type": "function",\n    "function": {' in text
    assert '<|end_header_id|>\n\n{"name": "add", "parameters": {"a": 1, "b": "é<"}}<|eot_id|>' in text
    assert '<|start_header_id|>ipython<|end_header_id|>\n\n"2"<|eot_id|>' in text


def test_gemma_says_that_it_knows_no_system():
    assert render(families.GEMMA, USER, ASSISTANT, USER) == (
        "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nYes<end_of_turn>\n"
        "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n"
    )
    with pytest.raises(BadUsage, match="System role not supported"):
        render(families.GEMMA, SYSTEM, USER)
    with pytest.raises(BadUsage, match="roles must alternate"):
        render(families.GEMMA, USER, USER)


def test_mistral_puts_tools_before_the_last_question():
    last = {"role": "user", "content": "And now?"}
    text = render(families.MISTRAL, SYSTEM, USER, CALLED, RESULT, ASSISTANT, last, tools=[TOOL])
    call = '{"name": "add", "arguments": {"a": 1, "b": "é<"}, "id": "c1"}'
    assert text.startswith(f"<s>[INST]  Hi [/INST][TOOL_CALLS] [{call}]</s>")
    assert '[TOOL_RESULTS] {"content": 2, "call_id": "c1"}[/TOOL_RESULTS] Yes</s>[AVAILABLE_TOOLS] [{"type": ' in text
    assert text.endswith("[/AVAILABLE_TOOLS][INST] Be brief.\n\nAnd now?[/INST]")


def test_macros_call_themselves_and_loops_break():
    text = render(families.MACROS, USER, ASSISTANT, USER, ASSISTANT, tools=[TOOL])
    assert text == 'type add = (_: {a: integer, l: "x" | "y"[]}) => any;\nUSER:  Hi ASSISTANT: YesUSER:  Hi '


def test_what_a_template_knows_is_seen():
    knows = {name: ChatTemplate(getattr(families, name)) for name in ("QWEN3", "LLAMA3", "GEMMA", "MISTRAL", "R1")}
    assert {name for name, one in knows.items() if one.tools} == {"QWEN3", "LLAMA3", "MISTRAL"}
    assert {name for name, one in knows.items() if one.thinks} == {"QWEN3", "R1"}
    assert {name for name, one in knows.items() if one.may_think} == {"QWEN3"}


def test_the_sandbox_says_the_same_as_jinja():
    plain = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    plain.filters["tojson"] = lambda value, indent=None: __import__("json").dumps(
        value, ensure_ascii=False, indent=indent
    )
    for source in (families.QWEN3, families.LLAMA3, families.GEMMA, families.MISTRAL, families.R1):
        messages = [USER, ASSISTANT, USER]
        known = {
            "bos_token": "<s>",
            "eos_token": "</s>",
            "strftime_now": NOW.strftime,
            "tools": None,
            "documents": None,
        }
        wanted = plain.from_string(source).render(messages=messages, add_generation_prompt=True, **known)
        assert render(source, *messages) == wanted


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a-b-c'.split('-', 1)", "['a', 'b-c']"),
        ("'abc'[::-1] ~ 'abc'[1:] ~ [1, 2, 3][-1]", "cbabc3"),
        ("[3, 1, 2] | sort | join(',')", "1,2,3"),
        ("{'b': 1, 'a': 2} | dictsort | list", "[('a', 2), ('b', 1)]"),
        ("['x', 'X', 'y'] | unique | list", "['x', 'y']"),
        ("[{'a': {'b': 1}}, {'a': {'b': 2}}] | map(attribute='a.b') | list", "[1, 2]"),
        ("[{'r': 1}, {'r': 2}] | rejectattr('r', 'gt', 1) | list", "[{'r': 1}]"),
        ("['a', '', 'b'] | select | list", "['a', 'b']"),
        ("'%s has %d%%' % ('x', 3)", "x has 3%"),
        ("'{} and {name}'.format('a', name='b')", "a and b"),
        ("'a\nb' | indent(2)", "a\n  b"),
        ("{'a': '<é>'} | tojson", '{"a": "<é>"}'),
        ("1 < 2 < 3 and 'a' in {'a': 1} and 2 not in [1]", "True"),
        ("nothing | default('d') ~ (none | default('d', true)) ~ (nothing is defined)", "ddFalse"),
        ("'x' * 3 ~ 7 // 2 ~ 7 % 4 ~ 2 ** 3 ~ -1", "xxx338-1"),
        ("('7' | int + 1) ~ ('x' | int(5)) ~ (2.567 | round(1))", "852.6"),
        ("'abc' | replace('b', 'x') | upper | trim | length", "3"),
        ("(dict(a=1).items() | list)[0][1]", "1"),
        ("range(3) | list", "[0, 1, 2]"),
        ("'<a>' | escape ~ ('b' | safe) ~ ('C' | lower)", "&lt;a&gt;bc"),
        ("[1, 2] | first ~ [1, 2] | last ~ ([1, 2] | reverse | list | join)", "1221"),
        ("[1.5, 2] | sum ~ ([1, 2] | max) ~ (-3 | abs)", "3.523"),
    ],
)
def test_expressions_mean_what_they_mean_in_jinja(expression, value):
    assert render("{{ " + expression + " }}", USER) == value


@pytest.mark.parametrize(
    "source", ["{{ nothing.at.all }}", "{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{{ [1][5].x }}", "{% for x in 5 %}{% endfor %}"]
)
def test_what_goes_wrong_in_a_template_is_named(source):
    with pytest.raises(LoadFailed, match="the chat template cannot write this conversation"):
        render(source, USER)


@pytest.mark.parametrize(
    "source", ["{{ a b }}", "{% if %}", "{% endfor %}", "{{ 'x", "{{ x | no_such_filter }}", "{% do x %}"]
)
def test_what_is_no_template_is_named(source):
    with pytest.raises(LoadFailed, match="the chat template cannot be understood"):
        ChatTemplate(source)


def test_a_template_beyond_the_limit_is_refused():
    with pytest.raises(LoadFailed, match="longer than 64000 characters"):
        ChatTemplate("x" * 64_001)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (Bounds(output=10), "writes more than 22 characters"),  # and four for each of the conversation
        (Bounds(text=10), "makes more than 58 characters of text"),
        (Bounds(steps=10), "takes more than 5010 steps"),
        (Bounds(cpu_s=0.0), "takes more than 0 s"),
    ],
)
def test_each_bound_holds(bounds, message):
    source = "{% for i in range(20000) %}abcd{{ 'efgh' * 10 }}{% endfor %}"
    with pytest.raises(LoadFailed, match=message):
        ChatTemplate(source, bounds=bounds).render([{"role": "user", "content": "abc"}])


def test_nothing_of_one_rendering_is_left_for_the_next():
    template = ChatTemplate(
        "{% set seen = namespace(n=0) %}{% for m in messages %}{% set seen.n = seen.n + 1 %}{% endfor %}{{ seen.n }}"
    )
    assert [template.render([USER] * size) for size in (1, 3, 1)] == ["1", "3", "1"]
