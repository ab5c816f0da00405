"""Questions as commands."""

import json
import subprocess

import pytest

from ollascope.engines.pages.snippets import snippets
from ollascope.words.errors import Unsupported
from ollascope.words.prompt import Message, Prompt

EVIL = "it's $(touch taken) `touch taken` \"x\" \\ \n'; touch taken; '"
PROMPT = Prompt(model="qwen3:8b", messages=(Message(role="user", content=EVIL),), max_tokens=3, think=False)


def test_engine_without_an_address_has_no_command():
    with pytest.raises(Unsupported):
        snippets("fake", "in process", PROMPT)


def words_for_curl(text):
    """What a shell hands to curl."""
    said = subprocess.run(
        ["sh", "-c", 'curl() { printf "%s\\0" "$@"; }\n' + text], capture_output=True, check=True, env={}
    )
    assert said.stderr == b""
    return said.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize(("engine", "path"), [("ollama", "/api/chat"), ("openai", "/v1/chat/completions")])
def test_shell_takes_the_text_as_one_word(engine, path):
    words = words_for_curl(snippets(engine, "http://127.0.0.1:11434", PROMPT)["curl"])
    assert words[:2] == ["-N", f"http://127.0.0.1:11434{path}"]
    assert words[-2] == "-d"
    assert json.loads(words[-1])["messages"][0]["content"] == EVIL
    assert len(words) == (8 if engine == "openai" else 6)


@pytest.mark.parametrize("engine", ["ollama", "openai"])
def test_python_is_a_program(engine):
    text = snippets(engine, "http://127.0.0.1:11434", PROMPT)["python"]
    compile(text, "snippet", "exec")
    names = {"__builtins__": {}}
    body = text[text.index("body = ") : text.index("with requests")]
    exec(body, names)
    assert names["body"]["messages"][0]["content"] == EVIL


def test_key_is_named_and_not_told():
    assert "$OPENAI_API_KEY" in snippets("openai", "http://127.0.0.1:8000", PROMPT)["curl"]
