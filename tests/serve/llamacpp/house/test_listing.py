"""`models.yaml`: every mistake with file and line, every key in the example true."""

from pathlib import Path

import pytest

from ollascope.serve.llamacpp.house.listing import Defaults, Listed, full_name, read_listing
from ollascope.settings.shipped import shipped
from ollascope.words.errors import BadSettings

EXAMPLE = shipped("config") / "models.yaml"


@pytest.fixture
def told(tmp_path):
    """What is wrong with a file of these lines."""

    def read(text, **more):
        path = tmp_path / "models.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadSettings) as caught:
            read_listing(path, **more)
        return caught.value.message.replace(f"{path}", "FILE")

    return read


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("models:\n  a:\n    contxt: 5\n", 3, 'unknown key "contxt" — did you mean context?'),
        ("models:\n  a:\n    context: many\n", 3, '"many" is not a whole number'),
        ("models:\n  a:\n    context: 3\n", 3, "3 is less than 16"),
        ("models:\n  a b:\n    context: 32\n", 2, '"a b" is no name of a model'),
        ("models:\n  a:\n    aliases: [b]\n  b:\n", 3, 'the name "b" belongs to "b" already'),
        ("models:\n  a:\n    aliases: [x]\n  b:\n    aliases: [x]\n", 5, 'the name "x" belongs to "a" already'),
        ("models:\n  a:\n    aliases: ['a:latest']\n", 3, 'the name "a:latest" belongs to "a" already'),
        ("models:\n  a:\n    backends: [olama]\n", 3, 'unknown backend "olama" — did you mean ollama?'),
        ("models:\n  a:\n    keep_alive: 5\n", 3, '"5" is no length of time'),
        ("models:\n  a:\n    lora_scale: 2\n", 3, '"a" has no adapter to scale'),
        ("models:\n  a:\n    file: absent.gguf\n", 3, "there is no file"),
        ("models:\n  a:\n    options: {temperature: hot}\n", 3, '"hot" is not a number'),
        ("models:\n  a:\n    options: [1]\n", 3, "a list where the fields of"),
        ("model:\n  a:\n", 1, 'unknown section "model"'),
        ("models: [a]\n", 1, "something else where models belong"),
        ("models:\n  a:\n    file: x\n    file: y\n", 4, 'the key "file" stands on line 3 already'),
        ("models:\n\ta:\n", 2, "a tab where only blanks are allowed"),
    ],
)
def test_mistake_is_told_with_its_line(told, text, line, what):
    message = told(text)
    assert message.startswith(f"FILE:{line}: ") or f"\nFILE:{line}: " in message
    assert what in message


def test_every_mistake_is_told_at_once(told):
    message = told("models:\n  a:\n    context: 3\n  b:\n    slots: 0\n")
    assert message.splitlines()[0] == "2 mistakes in models.yaml"
    assert "FILE:3: " in message
    assert "FILE:5: " in message


def test_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadSettings, match="there is no such file"):
        read_listing(tmp_path / "models.yaml")


def test_paths_start_at_the_file(tmp_path):
    (tmp_path / "x.gguf").write_bytes(b"")
    (tmp_path / "models.yaml").write_text("models:\n  a:\n    file: x.gguf\n")
    assert read_listing(tmp_path / "models.yaml").models["a"].file == tmp_path / "x.gguf"


def test_a_name_alone_has_the_defaults(tmp_path):
    (tmp_path / "models.yaml").write_text("models:\n  small:1b:\n")
    assert read_listing(tmp_path / "models.yaml").models == {"small:1b": Listed()}


def test_only_options_that_are_set_are_given():
    assert Defaults(temperature=0.0, stop=("x",)).given() == {"temperature": 0.0, "stop": ["x"]}
    assert Defaults().given() == {}


@pytest.mark.parametrize(("name", "full"), [("a", "a:latest"), ("a:1b", "a:1b"), ("h:80/n/a", "h:80/n/a:latest")])
def test_full_names(name, full):
    assert full_name(name) == full


def test_shipped_file_names_no_model():
    assert read_listing(EXAMPLE).models == {}


def test_shipped_example_has_every_key_and_is_right(tmp_path):
    lines = EXAMPLE.read_text(encoding="utf-8").split("models: {}\n")[1].splitlines()
    text = "\n".join(line.removeprefix("# ") for line in lines if line.startswith("# "))
    path = tmp_path / "models.yaml"
    path.write_text(text, encoding="utf-8")
    [(name, listed)] = read_listing(path, files=False).models.items()
    assert (name, listed.context, listed.options.stop) == ("small", 8192, ("</answer>",))
    for key in (*Listed.__slots__, *Defaults.__slots__):
        assert f"  {key}:" in text, key
    assert listed.options.given().keys() == set(Defaults.__slots__)
    assert isinstance(listed.lora, Path)
