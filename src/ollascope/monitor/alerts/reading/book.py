"""A rules file as values; every mistake is told at once, with file, line and the nearest right word."""

from pathlib import Path

from ollascope.monitor.alerts.reading.channel import read_channel
from ollascope.monitor.alerts.reading.nodes import Place, Reader
from ollascope.monitor.alerts.reading.rule import read_rule
from ollascope.monitor.alerts.rules import Book, Grouping
from ollascope.settings.document import Branch, parse, text_of
from ollascope.settings.files import read
from ollascope.settings.findings import Mistakes, printable
from ollascope.settings.load import heading
from ollascope.words.errors import BadSettings

UNREAD = "name the file with the rules in alerts.file of the settings, or take that line out; docs/alerts.md shows one"
HINT = "docs/alerts.md shows a whole rules file"
GROUPS = ("group_by", "wait", "repeat", "most_per_hour")


def read_book(path: Path) -> Book:
    """The rules file at that path."""
    try:
        data = read(path)
    except BadSettings as error:
        raise BadSettings(f"{printable(str(path))}:1: {error.message}", hint=UNREAD) from error
    mistakes = Mistakes()
    book = book_of(text_of(data, str(path), mistakes), path, mistakes)
    if found := mistakes.listed():
        raise BadSettings("\n".join([*heading(found, "the rules"), *map(str, found)]), hint=HINT)
    return book


def book_of(text: str, path: Path, mistakes: Mistakes) -> Book:
    """The rules of a text, as far as they are right."""
    place = Place(name=str(path), base=path.parent, mistakes=mistakes)
    top = Reader(parse(text, str(path), mistakes), "", place)
    top.know("rules", "channels", "notices")
    rules = [rule for each in top.branches("rules") if (rule := read_rule(Reader(each, "rule", place)))]
    channels = [made for each in top.branches("channels") if (made := read_channel(Reader(each, "channel", place)))]
    _refuse_twins([rule.name for rule in rules], top.branches("rules"), "rule", place)
    _refuse_twins([channel.name for channel in channels], top.branches("channels"), "channel", place)
    notices = top.branch_under("notices")
    grouping = _grouping(Reader(notices, "notices", place)) if notices else Grouping()
    return Book(rules=tuple(rules), channels=tuple(channels), grouping=grouping)


def _grouping(reader: Reader) -> Grouping:
    usual = Grouping()
    reader.know(*GROUPS)
    return Grouping(
        group_by=reader.texts("group_by") or usual.group_by,
        wait_s=reader.duration("wait", usual.wait_s),
        repeat_s=max(60.0, reader.duration("repeat", usual.repeat_s)),
        most_per_hour=reader.whole("most_per_hour", usual.most_per_hour, least=1),
    )


def _refuse_twins(names: list[str], branches: list[Branch], what: str, place: Place) -> None:
    seen: set[str] = set()
    for name, branch in zip(names, branches, strict=False):
        if name in seen:
            place.add(branch.line, f"there are two {what}s {name!r}", "give each its own name")
        seen.add(name)
