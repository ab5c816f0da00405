"""Templates that mean harm end in a named error, soon and without filling the memory."""
# ruff: noqa: E501 - a row is a line

import resource
import threading
import time

import pytest

from ollascope.serve.llamacpp.speech import ChatTemplate
from ollascope.words.errors import BadUsage, LoadFailed
from tests.serve.llamacpp.speech.families import QWEN3

SECONDS = 40.0  # twenty times what one rendering may take
MEGABYTES = 600
SEED = "{% set n = namespace(x='abcdefgh', y='abcdefgh') %}"
GROW = SEED + "{% for i in range(60) %}{% set n.x = BODY %}{% endfor %}{{ n.x }}"

HOSTILE = {
    "counts for ever": "{% for i in range(10**9) %}{% endfor %}",
    "counts backwards for ever": "{% for i in range(10**12, 0, -1) %}{% endfor %}",
    "counts in counting": "{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
    "counts and skips": "{% for i in range(99999) %}{% for j in range(99999) if j < 0 %}{% endfor %}{% endfor %}",
    "multiplies a text": "{{ 'a' * 10**9 }}",
    "multiplies a list": "{{ [1] * 10**9 }}",
    "multiplies the other way round": "{{ 10**9 * 'a' }}",
    "multiplies a tuple": "{{ (1, 2) * 10**9 }}",
    "raises to a tower": "{{ 10 ** 10 ** 10 }}",
    "raises fractions": "{{ (1.5 ** 1000) ** 1000 }}",
    "squares again and again": "{% set n = namespace(x=3) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "adds texts": GROW.replace("BODY", "n.x + n.x"),
    "joins texts": GROW.replace("BODY", "n.x ~ n.x"),
    "joins lists": GROW.replace("BODY", "[n.x, n.x] | join"),
    "joins with a long text": "{{ ['a'] * 99999 | length }}{{ ('b' * 99999).join(('c ' * 99999).split()) }}",
    "replaces a letter by many": GROW.replace("BODY", "n.x.replace('a', n.x)"),
    "replaces nothing by much": "{{ ('a' * 99999).replace('', 'b' * 99999) }}",
    "filters a replacement": "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}",
    "nests lists and prints": GROW.replace("BODY", "[n.x, n.x]"),
    "nests lists and compares": SEED + "{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
    "nests lists and writes json": SEED + "{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
    "nests tuples and makes them keys": SEED + "{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ {n.x: 1} }}",
    "nests tuples and looks them up": SEED + "{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ {}[n.x].y }}",
    "nests tuples and sorts": SEED + "{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% set n.y = (n.y, n.y) %}{% endfor %}{{ [n.x, n.y] | sort }}",
    "nests tuples and makes them unique": SEED + "{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ [n.x] | unique }}",
    "nests lists and tells changes": SEED + "{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{% for z in [n.x, n.y] %}{{ loop.changed(z) }}{% endfor %}",
    "hides lists in namespaces": "{% set n = namespace() %}{% set n.x = [n, n] %}{{ [n] }}",
    "prints in a macro": "{% set s = 'b' * 999999 %}{% macro f() %}{% for i in range(99999) %}{{ s }}{% endfor %}{% endmacro %}{% set x = f() %}",
    "prints into a variable": SEED + "{% for i in range(60) %}{% set b %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = b %}{% endfor %}",
    "repeats its own text": "{% macro f() %}{% for i in range(99999) %}" + "x" * 50_000 + "{% endfor %}{% endmacro %}{% set x = f() %}",
    "writes without end": "{% for i in range(99999) %}" + "x" * 50_000 + "{% endfor %}",
    "calls itself": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "calls itself twice": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "calls its caller": "{% macro f() %}{{ caller() }}{{ caller() }}{% endmacro %}{% macro g(n) %}{% if n %}{% call f() %}{{ g(n - 1) }}{% endcall %}{% endif %}{% endmacro %}{{ g(50) }}",
    "loops in itself": "{% for a in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
    "cuts without end": "{% set x = 'a' * 8000000 %}" + "".join(f"{{% set a{i} = x[1:] %}}" for i in range(2000)),
    "compares long texts": "{% set x = 'a' * 999999 ~ 'b' %}{% set y = 'a' * 999999 ~ 'c' %}{{ x in [y] * 99999 }}",
    "pads": "{{ 'a'.ljust(10**9) }}",
    "pads with zeros": "{{ '1'.zfill(10**9) }}",
    "formats with a width": "{{ '%1000000000d' % 1 }}",
    "formats with a place": "{{ '{:>1000000000}'.format(1) }}",
    "formats with an attribute": "{{ '{0.__class__}'.format('') }}",
    "formats from a map": "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "indents": "{{ 'a\nb' | indent(10**9) }}",
    "indents json": "{{ [[[1]]] | tojson(indent=10**9) }}",
    "reaches for classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "reaches for globals": "{{ raise_exception.__init__.__globals__ }}",
    "reaches for a tool's work": "{{ range.work(1, 2) }}",
    "reaches through a filter": "{{ '' | attr('__class__') }}",
    "reaches through map": "{{ [''] | map(attribute='__class__') | list | first | string | length + nothing.x }}",
    "changes the messages": "{{ messages.append(1) }}",
    "changes a message": "{{ messages[0].update(role='x') }}",
    "includes": "{% include '/etc/passwd' %}",
    "imports": "{% import 'os' as os %}",
    "imports from": "{% from 'os' import system %}",
    "extends": "{% extends 'base' %}",
    "has blocks": "{% block a %}{{ self.a() }}{% endblock %}",
    "speaks latin": "{{ lipsum(n=10**6) }}",
    "cycles": "{% for x in cycler(1, 2) %}{% endfor %}",
    "opens brackets": "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}",
    "opens lists": "{{ " + "[" * 20_000 + "]" * 20_000 + " }}",
    "denies": "{{ " + "not " * 15_000 + "1 }}",
    "adds and adds": "{{ 1" + " + 1" * 15_000 + " }}",
    "asks and asks": "{% if 1 %}" * 6_000,
    "has a long number": "{{ " + "9" * 100_000 + " }}",
    "filters and filters": "{{ 'a'" + " | upper" * 7_000 + " }}",
    "has the date of ages": "{{ strftime_now('%Y' * 99999) }}",
    "walks a million letters": "{% for a in 'x' * 9999999 %}{% for b in 'x' * 9999999 %}{% endfor %}{% endfor %}",
    "maps and maps": "{% set l = range(99999) | list %}{% for i in range(99999) %}{% set z = l | map('string') | list %}{% endfor %}",
    "sorts and sorts": "{% set l = range(99999) | list %}{% for i in range(99999) %}{% set z = l | sort %}{% endfor %}",
    "keeps all it makes": "{% set n = namespace(l=[]) %}{% for i in range(99999) %}{% set n.l = n.l + ['x' * 99999 ~ i] %}{% endfor %}",
    "splits": "{% for i in range(99999) %}{% set z = ('a ' * 999999).split() %}{% endfor %}",
}  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_template_ends_soon_in_a_named_error(source):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.thread_time()
    with pytest.raises((LoadFailed, BadUsage)) as caught:
        ChatTemplate(source).render([{"role": "user", "content": "Hi"}])
    assert time.thread_time() - started < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEGABYTES * 1024
    assert caught.value.hint
    assert len(caught.value.message) < 1000


def test_there_are_many_of_them():
    assert len(HOSTILE) > 60


def test_others_go_on_while_a_hostile_template_runs():
    """It may run in a thread beside a loop: it holds nobody up for long."""
    source = HOSTILE["calls itself twice"]
    ended: list[str] = []

    def run() -> None:
        with pytest.raises(LoadFailed) as caught:
            ChatTemplate(source).render([])
        ended.append(caught.value.code)

    thread = threading.Thread(target=run)
    thread.start()
    longest, last = 0.0, time.process_time()  # of the processor: on a busy machine others take wall time from both
    while thread.is_alive():
        time.sleep(0.001)
        longest, last = max(longest, time.process_time() - last), time.process_time()
    assert ended == ["load-failed"]
    assert longest < 1.0


def test_a_long_conversation_is_not_hostile():
    messages = [{"role": ("user", "assistant")[n % 2], "content": f"message {n} " * 50} for n in range(4000)]
    assert len(ChatTemplate(QWEN3).render(messages)) > 2_000_000
