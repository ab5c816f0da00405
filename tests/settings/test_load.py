"""Layers, origins, aliases, secrets and the search for the settings file."""

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.settings.addresses import Addresses
from ollascope.settings.data import Data
from ollascope.settings.findings import HIDDEN
from ollascope.settings.load import Settings, Sources, examine, load
from ollascope.words.errors import BadSettings
from ollascope.words.setting import Secret, setting, subsection

CANARY = "canary-in-the-mine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is let in."""

    rpm: int = setting(60, "requests a minute", minimum=1)
    burst: float | None = setting(None, "requests at once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One model server."""

    url: str = setting("http://127.0.0.1:11434", "its address")
    weight: int = setting(1, "its share", minimum=0)
    token: Secret | None = setting(None, "what it asks for")
    limits: Limits = subsection(Limits, "its own limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A section with every type."""

    on: bool = setting(False, "whether")
    count: int = setting(3, "how many")
    share: float = setting(0.5, "how much", minimum=0, maximum=1)
    name: str = setting("x", "a name")
    place: Path = setting(Path("/srv/x"), "a place")
    mode: Literal["fast", "slow"] = setting("slow", "which")
    level: Literal[1, 2] | None = setting(None, "how high")
    token: Secret = setting(Secret(""), "for the door")
    tags: tuple[str, ...] = setting((), "words")
    backends: tuple[Backend, ...] = setting((), "where models run")
    limits: Limits = subsection(Limits, "how much is let in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """A section with an order."""

    window_h: int = setting(24, "the window", minimum=0)
    retention_h: int = setting(48, "how long", minimum=0, at_least="window_h")


SECTIONS = {
    "demo": f"{__name__}:Demo",
    "keeping": f"{__name__}:Keeping",
    "data": "ollascope.settings.data:Data",
    "addresses": "ollascope.settings.addresses:Addresses",
}


def written(folder: Path, text: str) -> Sources:
    file = folder / "settings.yaml"
    file.write_text(text)
    return Sources(file=file)


def origins(settings: Settings) -> dict[str, str]:
    return {entry.key: str(entry.origin) for entry in settings.entries()}


def refused(sources: Sources) -> str:
    with pytest.raises(BadSettings) as caught:
        load(SECTIONS, sources)
    return caught.value.message


def test_without_sources_the_defaults_hold() -> None:
    settings = load(SECTIONS, Sources())
    assert settings.of(Demo) == Demo()
    assert settings.of(Addresses) == Addresses()
    assert {entry.origin.layer for entry in settings.entries()} == {"default"}


def test_every_type_is_read_from_the_file(tmp_path: Path) -> None:
    text = """
demo:
  on: yes
  count: -4
  share: .25
  name: 12
  place: sub/dir
  mode: fast
  level: 2
  tags: [a, "b, c", null_]
  backends:
    - url: http://a
      limits: {rpm: 5}
    - weight: 2
  limits:
    rpm: 7
    burst: 1e1
"""
    settings = load(SECTIONS, written(tmp_path, text))
    assert settings.of(Demo) == Demo(
        on=True, count=-4, share=0.25, name="12", place=tmp_path / "sub/dir", mode="fast", level=2,
        tags=("a", "b, c", "null_"), limits=Limits(rpm=7, burst=10.0),
        backends=(Backend(url="http://a", limits=Limits(rpm=5)), Backend(weight=2)),
    )  # fmt: skip
    assert origins(settings)["demo.backends[0].limits.rpm"] == f"{tmp_path}/settings.yaml:13"
    assert origins(settings)["demo.backends[1].url"] == "default"


def test_quoted_numbers_are_numbers_and_quoted_null_is_a_text(tmp_path: Path) -> None:
    demo = load(SECTIONS, written(tmp_path, "demo: {count: '5', on: \"true\", name: 'null'}")).of(Demo)
    assert (demo.count, demo.on, demo.name) == (5, True, "null")


def test_windows_line_ends_and_byte_order_mark_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(b"\xef\xbb\xbfdemo:\r\n  count: 9\r\n  name: a\r\n")
    settings = load(SECTIONS, Sources(file=file))
    assert settings.of(Demo) == Demo(count=9, name="a")
    assert origins(settings)["demo.name"] == f"{file}:3"


def test_section_whose_lines_are_all_comments_holds_its_defaults(tmp_path: Path) -> None:
    assert load(SECTIONS, written(tmp_path, "demo:\n  # count: 4\n")).of(Demo) == Demo()


def test_empty_file_holds_the_defaults(tmp_path: Path) -> None:
    assert load(SECTIONS, written(tmp_path, "")).of(Demo) == Demo()


def test_later_layers_win(tmp_path: Path) -> None:
    file = written(tmp_path, "demo:\n  count: 1\n  name: file\n  share: 0.1\n").file
    sources = Sources(
        file=file,
        environ={"OLLASCOPE__DEMO__COUNT": "2", "OLLASCOPE__DEMO__NAME": "env"},
        assignments=("demo.count=3", "demo.count=4"),
    )
    settings = load(SECTIONS, sources)
    assert settings.of(Demo) == Demo(count=4, name="env", share=0.1)
    told = origins(settings)
    assert told["demo.count"] == "flag --set demo.count"
    assert told["demo.name"] == "environment OLLASCOPE__DEMO__NAME"
    assert told["demo.share"] == f"{file}:4"
    assert told["demo.on"] == "default"


@given(layers=st.sets(st.sampled_from(["file", "environment", "flag"])))
def test_of_any_layers_the_last_one_holds(layers: set[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("layers") / "s.yaml"
    file.write_text("demo: {count: 1}" if "file" in layers else "demo: {}")
    sources = Sources(
        file=file,
        environ={"OLLASCOPE__DEMO__COUNT": "2"} if "environment" in layers else {},
        assignments=("demo.count=4",) if "flag" in layers else (),
    )
    values = {"file": 1, "environment": 2, "flag": 4}
    last = next((layer for layer in ("flag", "environment", "file") if layer in layers), None)
    settings = load(SECTIONS, sources)
    assert settings.of(Demo).count == (values[last] if last else 3)
    (entry,) = [entry for entry in settings.entries() if entry.key == "demo.count"]
    assert entry.origin.layer == (last or "default")


def test_subsections_lists_of_texts_and_null_come_from_the_environment() -> None:
    environ = {
        "OLLASCOPE__DEMO__LIMITS__RPM": " 9 ",
        "OLLASCOPE__DEMO__LIMITS__BURST": "",
        "OLLASCOPE__DEMO__TAGS": 'a, "b, c",d',
        "OLLASCOPE__DEMO__LEVEL": "null",
        "OLLASCOPE__DEMO__ON": "1",
    }
    demo = load(SECTIONS, Sources(environ=environ)).of(Demo)
    assert demo == Demo(limits=Limits(rpm=9), tags=("a", "b, c", "d"), on=True)


def test_foreign_variables_are_left_alone() -> None:
    environ = {"OLLASCOPE_SERVICE_HOST": "10.0.0.1", "OLLASCOPE_PORT_8080_TCP": "x", "PATH": "/bin"}
    assert load(SECTIONS, Sources(environ=environ)).of(Demo) == Demo()


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"OLLASCOPE__DEMO__COUNTS": "1"}, "environment OLLASCOPE__DEMO__COUNTS: unknown variable"),
        ({"OLLASCOPE__demo__count": "1"}, "did you mean OLLASCOPE__DEMO__COUNT?"),
        ({"OLLASCOPE__DEMO__COUNT": ""}, 'environment OLLASCOPE__DEMO__COUNT: "" is not a whole number'),
        ({"OLLASCOPE__DEMO__NAME": "\udcff"}, "is not UTF-8"),
        ({"OLLASCOPE__DEMO__PLACE": ""}, "is an empty path"),
        ({"OLLASCOPE__DEMO__TAGS": 'a,"b'}, "is not a list"),
        ({"OLLASCOPE__DEMO__TAGS": "a\nb"}, "has a line break"),
        ({"OLLASCOPE__DEMO__BACKENDS": "a"}, "is a list of several values each"),
        ({"OLLASCOPE__DEMO__LIMITS": "a"}, "unknown variable"),
        ({"OLLASCOPE__": "a"}, "unknown variable"),
        ({"OLLASCOPE_DATA": "/a", "OLLASCOPE__DATA__FOLDER": "/b"}, "says something else than OLLASCOPE_DATA"),
        ({"OLLASCOPE__DEMO__TOKEN": "a", "OLLASCOPE__DEMO__TOKEN_FILE": "/etc/hostname"}, "says something else"),
    ],
)
def test_wrong_environment_is_refused(environ: dict[str, str], told: str) -> None:
    assert told in refused(Sources(environ=environ))


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("demo.count", "flag --set: \"demo.count\" has no value — write --set section.field=value"),
        ("demo.cuont=1", 'flag --set: unknown key "demo.cuont" — did you mean demo.count?'),
        ("demo=1", 'unknown key "demo"'),
        ("=1", 'unknown key ""'),
        ("demo.count=x", 'flag --set demo.count: "x" is not a whole number'),
        ("demo.level=3", "is not one of 1, 2"),
        ("demo.mode=fats", "did you mean fast?"),
        ("demo.share=1.5", "1.5 is more than 1 — write a number from 0 to 1"),
        ("demo.limits=1", "unknown key"),
        ("demo.\x1b[31m=1", r"demo.\x1b[31m"),
    ],
)  # fmt: skip
def test_wrong_assignment_is_refused(assignment: str, told: str) -> None:
    assert told in refused(Sources(assignments=(assignment,)))


def test_mistakes_of_all_layers_are_told_together(tmp_path: Path) -> None:
    file = written(tmp_path, "demo:\n  cuont: 1\n  on: maybe\n").file
    lines = refused(
        Sources(file=file, environ={"OLLASCOPE__X": "1"}, assignments=("y=1",), data_folder=Path("~nobody-here/x"))
    ).splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "5 mistakes in the settings",
        f"{file}:2",
        f"{file}:3",
        "environment OLLASCOPE__X",
        "flag --set",
        "flag --data",
    ]


def test_one_mistake_stands_alone_and_more_have_a_line_above_them(tmp_path: Path) -> None:
    file = written(tmp_path, "x: 1\n").file
    assert refused(Sources(file=file)).startswith(f"{file}:1: unknown section")
    file = written(tmp_path, "x: 1\ny: 2\n").file
    heading, *lines = refused(Sources(file=file)).splitlines()
    assert heading == "2 mistakes in the settings"
    assert [line.startswith(f"{file}:{number}: ") for number, line in enumerate(lines, 1)] == [True, True]
    file = written(tmp_path, "".join(f"x{number}: 1\n" for number in range(70))).file
    assert refused(Sources(file=file)).startswith("more than 50 mistakes in the settings\n")


def test_order_of_two_fields_is_kept_across_layers(tmp_path: Path) -> None:
    file = written(tmp_path, "keeping:\n  retention_h: 30\n").file
    assert load(SECTIONS, Sources(file=file)).of(Keeping).retention_h == 30
    told = refused(Sources(file=file, environ={"OLLASCOPE__KEEPING__WINDOW_H": "31"}))
    assert told.startswith(f"{file}:2: keeping.retention_h is 30, less than keeping.window_h, which is 31 — raise")


def test_order_is_told_where_somebody_set_one_of_the_two() -> None:
    told = refused(Sources(environ={"OLLASCOPE__KEEPING__WINDOW_H": "100"}))
    assert told.startswith("environment OLLASCOPE__KEEPING__WINDOW_H: keeping.retention_h is 48")


def test_wrong_value_is_not_told_twice_by_the_order(tmp_path: Path) -> None:
    assert len(refused(written(tmp_path, "keeping: {retention_h: -1, window_h: 100}\n")).splitlines()) == 1


def test_examined_settings_have_the_default_in_place_of_a_wrong_value(tmp_path: Path) -> None:
    settings, mistakes = examine(SECTIONS, written(tmp_path, "demo: {count: x, name: kept}"))
    assert settings.of(Demo) == Demo(name="kept")
    assert [finding.key for finding in mistakes] == ["demo.count"]


def test_alias_and_flag_name_the_data_folder(tmp_path: Path) -> None:
    environ = {"OLLASCOPE_DATA": str(tmp_path / "a")}
    settings = load(SECTIONS, Sources(environ=environ))
    assert settings.of(Data).folder == settings.data_folder == tmp_path / "a"
    assert origins(settings)["data.folder"] == "environment OLLASCOPE_DATA"
    assert load(SECTIONS, Sources(environ=environ, data_folder=tmp_path / "b")).data_folder == tmp_path / "b"


def test_data_folder_is_the_usual_place_when_nobody_names_one() -> None:
    assert load(SECTIONS, Sources(environ={"HOME": "/home/x"})).data_folder.is_relative_to("/home/x")


def test_relative_path_starts_at_the_file_or_at_the_current_folder(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    assert load(SECTIONS, written(tmp_path, "data: {folder: d}")).data_folder == tmp_path / "d"
    assert load(SECTIONS, written(tmp_path, "data: {folder: ~/d}")).data_folder == home / "d"
    assert load(SECTIONS, Sources(assignments=("data.folder=d",))).data_folder == home / "d"
    assert load(SECTIONS, Sources(data_folder=Path("d"))).data_folder == home / "d"


def test_settings_cannot_be_changed() -> None:
    settings = load(SECTIONS, Sources())
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings._usual = None  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings._sections[Demo] = Demo()  # type: ignore[index]


# --- secrets


def test_secret_comes_from_the_environment() -> None:
    demo = load(SECTIONS, Sources(environ={"OLLASCOPE__DEMO__TOKEN": CANARY + "\n"})).of(Demo)
    assert demo.token.reveal() == CANARY


def test_secret_comes_from_a_file_beside_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY + "\n")
    settings = load(SECTIONS, written(tmp_path, "demo:\n  token_file: token\n  backends: [{token_file: token}]\n"))
    assert settings.of(Demo).token.reveal() == CANARY
    assert settings.of(Demo).backends[0].token == Secret(CANARY)
    assert set(settings.files()) == {tmp_path / "token"}


@pytest.mark.parametrize("layer", ["environment", "flag"])
def test_environment_and_flags_may_name_the_file_of_a_secret(layer: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(CANARY)
    sources = (
        Sources(environ={"OLLASCOPE__DEMO__TOKEN_FILE": str(path)})
        if layer == "environment"
        else Sources(assignments=(f"demo.token_file={path}",))
    )
    assert load(SECTIONS, sources).of(Demo).token.reveal() == CANARY


def test_empty_secret_is_none(tmp_path: Path) -> None:
    environ = {"OLLASCOPE__DEMO__TOKEN": "", "OLLASCOPE__DEMO__TOKEN_FILE": ""}
    file = written(tmp_path, "demo: {token_file: null, token: null}").file
    assert load(SECTIONS, Sources(file=file, environ=environ)).of(Demo) == Demo()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("demo:\n  token: canary-1\n", "settings.yaml:2: a secret in plain text — take it out of this file and name"),
        ("demo:\n  token: [canary-1]\n", "a secret in plain text"),
        ("demo:\n  backends:\n  - token: canary-1\n", "settings.yaml:3: a secret in plain text"),
        ("demo:\n  password: canary-1\n", "settings.yaml:2: a secret in plain text"),
        ("what:\n  ever:\n  - {deep: {apiKey: canary-1}}\n", "settings.yaml:3: a secret in plain text"),
        ("demo:\n  name: {client-secret: canary-1}\n", "a secret in plain text"),
        ("demo:\n  name: Bearer canary-1234567\n", "a secret in plain text"),
        ("demo:\n  tags: [sk-canary-1234567]\n", "a secret in plain text"),
        ("demo:\n  name: postgresql://me:canary@db/x\n", "a secret in plain text"),
        ('demo:\n  name: "-----BEGIN RSA PRIVATE KEY-----\\ncanary"\n', "a secret in plain text"),
        ('demo:\n  name: "s\\x6b-canary-1234567"\n', "a secret in plain text"),
        ("demo:\n  count: ghp_canary1234567\n", "a secret in plain text"),
        ("sk-canary-1234567: 1\n", "a secret in plain text"),
        ("demo:\n  name: [hf_canary1234567\n", "a secret in plain text"),
        ("demo:\n  token_file: none\n", "there is no such file"),
        ("demo:\n  token_file: [canary-1]\n", "token_file is no path"),
        ("demo:\n  token_file: .\n", "is a folder, not a file"),
        ("demo:\n  token_file: empty\n", "is empty"),
        ("demo:\n  token_file: binary\n", "is not text"),
        ("demo:\n  token_file: large\n", "is too large"),
    ],
)
def test_wrong_place_for_a_secret_is_refused_without_showing_it(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"canary" * 20_000)
    message = refused(written(tmp_path, text))
    assert told in message
    assert "canary" not in message


@pytest.mark.parametrize(
    "text",
    ["demo: {api_key: sk-canary-1234567}", "api_key: sk-canary-1234567", "demo: {key: sk-canary-1234567}",
     "demo: {token: sk-canary-1234567}", "demo: {name: sk-canary-1234567}", "x: {y: {password: canary}}"],
)  # fmt: skip
def test_secret_is_the_one_thing_told_about_its_line(text: str, tmp_path: Path) -> None:
    assert len(refused(written(tmp_path, text)).splitlines()) == 1


def test_every_secret_below_an_unknown_key_is_told(tmp_path: Path) -> None:
    message = refused(written(tmp_path, "x:\n  password: a\n  y:\n    - token: b\n    - z: c\n"))
    assert [line.partition(": ")[0][-1] for line in message.splitlines()[1:]] == ["2", "4"]


def test_secret_on_the_command_line_is_refused_without_showing_it() -> None:
    message = refused(Sources(assignments=(f"demo.token={CANARY}",)))
    assert "a secret on the command line" in message
    assert CANARY not in message


def test_misspelt_secret_is_not_shown() -> None:
    assignments = (f"demo.tokne={CANARY}", f"demo.token {CANARY}", f"demo.token:{CANARY}")
    message = refused(Sources(environ={"OLLASCOPE__DEMO__TOKNE": CANARY}, assignments=assignments))
    assert "did you mean OLLASCOPE__DEMO__TOKEN?" in message
    assert CANARY not in message


def test_secret_reaches_no_text_of_the_settings() -> None:
    sources = Sources(environ={"OLLASCOPE__DEMO__TOKEN": CANARY}, assignments=("demo.count=1",))
    settings = load(SECTIONS, sources)
    entries = settings.entries()
    told = [repr(sources), repr(settings), str(settings), repr(entries), repr(settings.of(Demo))]
    told += [json.dumps([(entry.value, entry.plain, entry.default_plain) for entry in entries])]
    (entry,) = [entry for entry in entries if entry.key == "demo.token"]
    assert entry.value == "set, not shown"
    assert CANARY not in "".join(told)


@pytest.mark.parametrize("text", ["sk-canary-1234567", "ghp_canary1234567", "postgresql://me:canary@db/x"])
def test_secret_at_a_wrong_place_is_not_shown(text: str) -> None:
    environ = {"OLLASCOPE__DEMO__NAME": text, "OLLASCOPE__DEMO__TAGS": f"a,{text}"}
    sources = Sources(environ=environ, assignments=("demo.place=/srv/sk-canary-1234567",))
    entries = {entry.key: entry for entry in load(SECTIONS, sources).entries()}
    name, tags, place = (entries[f"demo.{key}"] for key in ("name", "tags", "place"))
    assert (name.value, name.plain, place.value, place.plain) == (HIDDEN,) * 4
    assert (tags.value, tags.plain) == (f"[a, {HIDDEN}]", ["a", HIDDEN])
    assert "canary" not in repr(tuple(entries.values()))


def test_secret_cannot_be_pickled_by_accident() -> None:
    assert CANARY.encode() not in _pickled(Secret(CANARY))


def _pickled(secret: Secret) -> bytes:
    try:
        return pickle.dumps(secret, protocol=0)
    except TypeError:
        return b""


# --- the search for the settings file


def test_file_is_found_by_flag_then_variable_then_data_folder(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = home / ".local/share/ollascope/settings.yaml"
    assert Sources.of_process() == Sources(file=usual, required=False, environ={"HOME": str(home)})
    monkeypatch.setenv("OLLASCOPE_DATA", str(tmp_path / "d"))
    assert Sources.of_process().file == tmp_path / "d/settings.yaml"
    assert Sources.of_process(assignments=("data.folder=/e",)).file == Path("/e/settings.yaml")
    assert Sources.of_process(data_folder=Path("/f")).file == Path("/f/settings.yaml")
    monkeypatch.setenv("OLLASCOPE_SETTINGS", "~/s.yaml")
    assert Sources.of_process().file == home / "s.yaml"
    assert Sources.of_process().required
    assert Sources.of_process(file=Path("t.yaml")).file == Path("t.yaml")


@pytest.mark.parametrize("text", ["", " "])
def test_empty_path_is_a_mistake_and_never_the_current_folder(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OLLASCOPE_DATA", "OLLASCOPE__DATA__FOLDER"):
        monkeypatch.setenv(name, text)
        assert refused(Sources.of_process()).startswith(f"environment {name}: is an empty path")
        monkeypatch.delenv(name)
    assignments = (f"data.folder={text}",)
    assert refused(Sources.of_process(assignments=assignments)).startswith("flag --set data.folder: is an empty path")
    assert "data.folder: is an empty path" in refused(written(tmp_path, f"data: {{folder: '{text}'}}"))
    monkeypatch.setenv("OLLASCOPE_SETTINGS", text)
    with pytest.raises(BadSettings, match="environment OLLASCOPE_SETTINGS: is an empty path"):
        Sources.of_process()


def test_null_is_the_usual_folder(home: Path) -> None:
    environ = {"OLLASCOPE__DATA__FOLDER": "null", "HOME": str(home)}
    assert load(SECTIONS, Sources(environ=environ)).data_folder == home / ".local/share/ollascope"


def test_settings_know_the_file_in_force(tmp_path: Path) -> None:
    there = written(tmp_path, "demo: {count: 9}")
    assert load(SECTIONS, there).file == there.file
    assert load(SECTIONS, Sources(file=tmp_path / "none", required=False)).file is None


def test_usual_file_may_be_absent_and_a_named_one_may_not(tmp_path: Path) -> None:
    assert load(SECTIONS, Sources(file=tmp_path / "none", required=False)).of(Demo) == Demo()
    assert "there is no such file" in refused(Sources(file=tmp_path / "none"))


def test_usual_file_that_is_there_must_be_readable(tmp_path: Path) -> None:
    assert "is a folder" in refused(Sources(file=tmp_path, required=False))


def test_unknown_home_in_a_variable_is_told_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLASCOPE_SETTINGS", "~no-such-user/s.yaml")
    with pytest.raises(BadSettings, match="environment OLLASCOPE_SETTINGS: "):
        Sources.of_process()


def test_unknown_home_in_the_data_folder_is_told_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLASCOPE_DATA", "~no-such-user/d")
    assert "environment OLLASCOPE_DATA: " in refused(Sources.of_process())


def test_environment_keeps_only_what_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    assert CANARY not in str(dict(Sources.of_process().environ))


def test_yaml_is_loaded_only_for_a_file() -> None:
    script = (
        "import sys; from ollascope.settings.load import Sources, load; from ollascope.wire import SECTIONS;"
        "load(SECTIONS, Sources()); print([name for name in ('yaml', 'watchfiles', 'anyio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


# --- any input


@given(data=st.binary(max_size=400))
def test_any_bytes_give_settings_or_bad_settings(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    _either(data, tmp_path_factory)


PIECES = st.sampled_from([
    "demo", "count", "data", "keeping", "tags", "backends", "limits", "token", ":", ": ", "\n", "\n  ", "\n    ", "- ",
    "[", "]", "{", "}", ",", "'", '"', "&a", "*a", "!!x", "<<", "---\n", "...\n", "# ", "|", ">", "%YAML 1.1\n", "\t",
    "null", "~", "1", "-1", "1e9", ".nan", "yes", "0x1", "\\", "\\x00", "\x85", "\u2028", "\ufeff", "\U0001f600", "? ",
])  # fmt: skip


@given(text=st.lists(PIECES, max_size=40).map("".join))
def test_any_near_yaml_gives_settings_or_bad_settings(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    _either(text.encode(), tmp_path_factory)


def _either(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    try:
        assert isinstance(load(SECTIONS, Sources(file=file)).of(Demo), Demo)
    except BadSettings as error:
        lines = error.message.splitlines()
        assert len(lines) == 1 or lines.pop(0).endswith(" mistakes in the settings")
        for line in lines:
            assert line.startswith(f"{file}:")
            assert " — " in line
            assert line.isprintable()


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=30)), st.lists(st.text(max_size=30)))
def test_any_environment_and_flags_give_settings_or_bad_settings(names: dict[str, str], flags: list[str]) -> None:
    environ = {f"OLLASCOPE__{name}": text for name, text in names.items()}
    told = ""
    try:
        load(SECTIONS, Sources(environ=environ, assignments=tuple(flags)))
    except BadSettings as error:
        told = error.message
    assert all(line.isprintable() for line in told.split("\n"))


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=10)


@given(
    st.builds(
        Demo,
        on=st.booleans(),
        count=st.integers(-(10**17), 10**17),
        share=st.floats(0, 1),
        name=PLAIN,
        mode=st.sampled_from(["fast", "slow"]),
        level=st.sampled_from([None, 1, 2]),
        token=PLAIN.map(str.strip).map(Secret),
        tags=st.lists(WORDS, max_size=4).map(tuple),
        limits=st.builds(Limits, rpm=st.integers(1, 9), burst=st.none() | st.floats(0, 1e9)),
    )
)
def test_environment_round_trip(demo: Demo) -> None:
    quoted = ",".join('"' + tag.replace('"', '""') + '"' for tag in demo.tags)
    environ = {
        "OLLASCOPE__DEMO__ON": str(demo.on),
        "OLLASCOPE__DEMO__COUNT": str(demo.count),
        "OLLASCOPE__DEMO__SHARE": str(demo.share),
        "OLLASCOPE__DEMO__NAME": demo.name,
        "OLLASCOPE__DEMO__MODE": demo.mode,
        "OLLASCOPE__DEMO__LEVEL": "null" if demo.level is None else str(demo.level),
        "OLLASCOPE__DEMO__TOKEN": demo.token.reveal(),
        "OLLASCOPE__DEMO__TAGS": quoted,
        "OLLASCOPE__DEMO__LIMITS__RPM": str(demo.limits.rpm),
        "OLLASCOPE__DEMO__LIMITS__BURST": "null" if demo.limits.burst is None else str(demo.limits.burst),
    }
    assert load(SECTIONS, Sources(environ=environ)).of(Demo) == demo
