"""The settings files that come with the program are complete, true to the code, and every key in them works."""

from pathlib import Path

import pytest

from ollascope.settings.fields import Field, leaves, resolve
from ollascope.settings.load import Settings, Sources, load
from ollascope.settings.scalars import bounds
from ollascope.settings.template import SERVER, Purpose, render, scalar
from ollascope.wire import SECTIONS

CONFIG = Path(__file__).parent.parent / "config"
FILES: dict[Purpose, Path] = {
    "local": CONFIG / "local_config.yaml",
    "server": CONFIG / "server_config.yaml",
}
CLASSES = resolve(SECTIONS)
FIELDS = {field.key: field for field in leaves(CLASSES)}


def values(settings: Settings) -> dict[str, object]:
    return {entry.key: entry.raw for entry in settings.entries()}


@pytest.mark.parametrize("purpose", FILES)
def test_file_is_what_the_program_renders(purpose: Purpose) -> None:
    """If not: `ollascope settings init config/local_config.yaml --force`, and the other with `--server`."""
    assert FILES[purpose].read_text(encoding="utf-8") == render(SECTIONS, purpose)


@pytest.mark.parametrize("purpose", FILES)
def test_file_sets_every_key(purpose: Purpose) -> None:
    entries = load(SECTIONS, Sources(file=FILES[purpose])).entries()
    unset = {entry.key for entry in entries if entry.origin.layer != "file"}
    assert unset == {key for key, field in FIELDS.items() if field.shape.form == "secret"}


def test_local_file_has_the_defaults_of_the_code() -> None:
    assert values(load(SECTIONS, Sources(file=FILES["local"]))) == {key: field.default for key, field in FIELDS.items()}


def test_server_file_differs_from_the_defaults_where_it_says_so_and_nowhere_else() -> None:
    found = values(load(SECTIONS, Sources(file=FILES["server"])))
    differing = {key: value for key, value in found.items() if value != FIELDS[key].default}
    assert differing == {key: change.value for key, change in SERVER.items()}


@pytest.mark.parametrize("purpose", FILES)
@pytest.mark.parametrize("key", [key for key, field in FIELDS.items() if field.shape.form != "secret"])
def test_another_value_in_the_file_arrives_in_the_section(key: str, purpose: Purpose, tmp_path: Path) -> None:
    field = FIELDS[key]
    before = values(load(SECTIONS, Sources(file=FILES[purpose])))
    other = another(field, before, tmp_path)
    file = tmp_path / "settings.yaml"
    file.write_text(edited(FILES[purpose].read_text(encoding="utf-8"), field, other), encoding="utf-8")

    settings = load(SECTIONS, Sources(file=file))

    assert other != before[key]
    assert values(settings) == {**before, key: other}
    assert held(settings, key) == other


def edited(text: str, field: Field, other: object) -> str:
    """The file with one value changed, found by its indentation under its section."""
    *sections, name = field.key.split(".")
    lines, at = text.splitlines(), 0
    for depth, section in enumerate(sections):
        at = lines.index(f"{'  ' * depth}{section}:", at)
    start = f"{'  ' * len(sections)}{name}: "
    at = next(number for number in range(at, len(lines)) if lines[number].startswith(start))
    lines[at] = start + scalar(other)
    return "\n".join(lines)


def held(settings: Settings, key: str) -> object:
    """What the section's value itself says, asked the way the program does."""
    section, *rest = key.split(".")
    value: object = settings.of(CLASSES[section])
    for name in rest:
        value = getattr(value, name)
    return value


def another(field: Field, before: dict[str, object], folder: Path) -> object:
    """A legal value that the field does not have yet."""
    present = before[field.key]
    match field.shape.form:
        case "bool":
            return not present
        case "int" | "float":
            assert isinstance(present, int | float)
            return another_number(field, present)
        case "path":
            return folder / "another"
        case "choice":
            return next(choice for choice in field.shape.choices if choice != present)
        case "texts":
            return ("another", "and one more")
        case "str":
            return "another.example"
        case form:
            raise NotImplementedError(f"{field.key}: say here what another {form} is")


def another_number(field: Field, present: float) -> float:
    lowest, highest = bounds(field)
    step = 1 if lowest is None or highest is None else min(1, (highest - lowest) / 4)
    return type(present)(present + step if highest is None or present + step <= highest else present - step)
