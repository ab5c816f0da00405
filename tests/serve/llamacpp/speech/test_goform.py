"""Ollama's own prompt templates are filled as Go fills them, as far as they are simple; the rest is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.serve.llamacpp.speech.goform import fill
from ollascope.words.errors import BadUsage

VALUES = {"System": "S", "Prompt": "P"}


@pytest.mark.parametrize(
    ("form", "made"),
    [
        ("plain", "plain"),
        ("{{ .System }}|{{.Prompt}}", "S|P"),
        ("{{ .Suffix }}|{{ .Prompt }}", "|P"),
        ("a \n {{- .Prompt -}} \n b", "aPb"),
        ("a {{-.Prompt-}} b", None),  # Go wants a blank beside the dash
        ("{{ if .System }}x{{ else }}y{{ end }}", "x"),
        ("{{ if .Suffix }}x{{ else }}y{{ end }}", "y"),
        ("{{ if .System }}{{ if .Suffix }}x{{ else }}y{{ end }}{{ end }}z", "yz"),
        ("{{ if .Suffix }}{{ .Response }}{{ end }}{{ .Prompt }}", "P"),
        ("{{ .Prompt }}{{ .Response }}never{{ if", "P"),
        ("{{/* a comment */}}x", "x"),
    ],
)
def test_templates_are_filled(form, made):
    if made is None:
        with pytest.raises(BadUsage):
            fill(form, VALUES)
    else:
        assert fill(form, VALUES) == made


UNKNOWN = [
    "{{ range .Messages }}{{ end }}", "{{ .Prompt", "{{ end }}", "{{ else }}", "{{ if .System }}x",
    "{{ if and .A .B }}{{ end }}", "{{ printf .Prompt }}", "x" * 64_001,
]  # fmt: skip


@pytest.mark.parametrize("form", UNKNOWN)
def test_what_is_not_known_is_refused_with_a_hint(form):
    with pytest.raises(BadUsage) as caught:
        fill(form, VALUES)
    assert "raw" in caught.value.hint


@pytest.mark.parametrize("form", ["{{" * 32_000, "{{ if .System }}" * 4_000, "{{- " * 16_000, " {{ end" * 9_000])
def test_a_hostile_template_is_refused_at_once(form):
    with pytest.raises(BadUsage) as caught:
        fill(form, VALUES)
    assert len(caught.value.message) < 200


@given(st.text(alphabet="{}-. ifendlsPrompt\n", max_size=60))
def test_anything_is_filled_or_refused(form):
    with contextlib.suppress(BadUsage):
        assert isinstance(fill(form, VALUES), str)
