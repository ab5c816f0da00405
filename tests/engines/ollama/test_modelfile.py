"""Modelfiles become orders as Ollama's own command makes them; what is wrong is named with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.engines.ollama.making.modelfile import read_modelfile
from ollascope.words.errors import BadUsage
from tests.contracts.transcripts import exchanges


def body(text: str, folder):
    return dict(read_modelfile("m", text, folder).extra)


def test_model_of_another_with_everything(tmp_path):
    text = '''# a poet
FROM llama3.2
SYSTEM """You are a poet.
Be brief."""
PARAMETER temperature 0.7
PARAMETER num_ctx 4096
PARAMETER stop "<|end|>"
PARAMETER stop <|user|>
PARAMETER use_mmap true
PARAMETER mirostat 2
TEMPLATE "{{ .Prompt }}"
MESSAGE user Hi
MESSAGE assistant """Hello,
you."""
LICENSE MIT
REQUIRES 0.14.0
'''
    assert body(text, tmp_path) == {
        "from": "llama3.2", "system": "You are a poet.\nBe brief.", "template": "{{ .Prompt }}", "requires": "0.14.0",
        "parameters": {"temperature": 0.7, "num_ctx": 4096, "stop": ["<|end|>", "<|user|>"], "use_mmap": True},
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello,\nyou."}],
        "license": ["MIT"],
    }  # fmt: skip


def test_files_are_found_beside_the_modelfile(tmp_path):
    for name in ("a.gguf", "lora.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    text = f"from ./a.gguf\nADAPTER {tmp_path}/lora.gguf\n"
    assert body(text, tmp_path) == {
        "files": {"a.gguf": str(tmp_path / "a.gguf")},
        "adapters": {"lora.gguf": str(tmp_path / "lora.gguf")},
    }


def test_folder_of_safetensors_gives_all_its_files(tmp_path):
    for name in ("model-1.safetensors", "config.json", "tokenizer.model", "README.md"):
        (tmp_path / name).write_bytes(b"x")
    assert set(body(f"FROM {tmp_path}", tmp_path)["files"]) == {"model-1.safetensors", "config.json", "tokenizer.model"}


WRONG = {
    "": "no FROM line",
    "SYSTEM x": "no FROM line",
    "FROM": "line 1: FROM has no value",
    "FRM llama3.2": "line 1: 'FRM' is no command",
    "FROM a\nPARAMETER top_k": "line 2: the parameter top_k has no value",
    "FROM a\n\nMESSAGE robot hi": "line 3: the role 'robot'",
    'FROM a\nSYSTEM """never closed': "line 2: SYSTEM opens a text that nothing closes",
    "FROM ./absent.gguf": "line 1: ./absent.gguf is no file",
    "FROM a\nADAPTER absent.gguf": "line 2: absent.gguf is no file",
}


@pytest.mark.parametrize("text", WRONG)
def test_mistake_is_named_with_its_line(text, tmp_path):
    with pytest.raises(BadUsage) as caught:
        body(text, tmp_path)
    assert WRONG[text] in caught.value.message
    assert caught.value.hint


def test_name_of_a_model_that_is_also_a_file_is_the_file(tmp_path):
    (tmp_path / "llama3.2").write_bytes(b"GGUF")
    assert "files" in body("FROM llama3.2", tmp_path)


@pytest.mark.parametrize("server", ["ollama-0.32.15", "ollama-0.24.0"])
def test_modelfiles_of_real_servers_are_read(server, tmp_path):
    """What `show` gives back can be read again, but for the path of another machine."""
    shown = [one.answer.events[0]["modelfile"] for one in exchanges(server)
             if one.path == "/api/show" and one.answer.status == 200]  # fmt: skip
    assert shown
    for text in shown:
        again = body(text.replace("FROM /models/blobs/", "FROM blob-"), tmp_path)
        assert again["template"].startswith("{{-")
        assert again["parameters"]["stop"]


LINE_ENDS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
letters = st.characters(exclude_characters='"' + LINE_ENDS, exclude_categories=["Cs"])
words = st.text(letters, min_size=1, max_size=20).filter(lambda text: text.strip() == text)


@given(st.lists(words, min_size=1, max_size=4))
def test_text_of_several_lines_comes_through(tmp_path_factory, lines):
    text = "\n".join(lines)
    folder = tmp_path_factory.getbasetemp()
    assert body(f'FROM a-model\nSYSTEM """{text}"""', folder)["system"] == text


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_by_name(tmp_path_factory, text):
    try:
        body(text, tmp_path_factory.getbasetemp())
    except BadUsage as trouble:
        assert trouble.message.startswith(("Modelfile", "the Modelfile"))  # noqa: PT017 - most texts are refused
