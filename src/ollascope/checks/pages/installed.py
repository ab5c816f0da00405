"""The Python packages that Ollascope stands on, as they are installed: versions, licences and their texts."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import PurePath
from typing import cast

from packaging.requirements import InvalidRequirement, Requirement

from ollascope.words.record import Json

OURS = "ollascope"
LICENCE_FILE = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)(?:[._-].*)?$")
LONGEST = 256 * 1024  # letters of all licence texts of one package
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package; `extra` names the optional part of Ollascope that brings it."""

    name: str
    version: str
    licence: str | None
    summary: str
    extra: str = ""
    has_text: bool = False

    def to_json(self) -> dict[str, Json]:
        """As a program reads it."""
        return {"name": self.name, "version": self.version, "licence": self.licence, "summary": self.summary,
                "extra": self.extra or None}  # fmt: skip


def packages(root: str = OURS) -> list[Package]:
    """Everything that a package needs and that is installed, through all that these need, by name."""
    found: dict[str, Package] = {}
    waiting: deque[tuple[str, str, frozenset[str]]] = deque([(root, "", frozenset())])
    while waiting:
        name, extra, asked = waiting.popleft()
        key = _key(name)
        known = found.get(key)
        if known is not None and not (known.extra and not extra):
            continue
        there = find(name)
        if there is None:
            continue
        found[key] = _package(there, extra)
        waiting.extend(_needs(there, asked, extra, top=key == _key(root)))
    return sorted(found.values(), key=lambda each: each.name.casefold())


def find(name: str) -> Distribution | None:
    """The installed package of that name."""
    if not name or len(name) > LONGEST_NAME:
        return None
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        return None


def licence_texts(there: Distribution) -> list[tuple[str, str]]:
    """The texts of a package's licence files with their names, as far as they are installed."""
    texts, left = [], LONGEST
    for path in _licence_files(there):
        try:
            text = there.locate_file(path).read_text(encoding="utf-8", errors="replace")  # type: ignore[call-arg]
        except OSError:
            continue
        texts.append((path.name, text[:left]))
        left -= len(text)
        if left <= 0:
            break
    return texts


def _needs(there: Distribution, asked: frozenset[str], extra: str, *, top: bool) -> Iterator[
    tuple[str, str, frozenset[str]]
]:  # fmt: skip
    """What a package requires here; of Ollascope's own optional parts all but the tools of its developers."""
    optional = _metadata(there).get_all("Provides-Extra") or [] if top else []
    ways = [("", extra), *((each, extra) for each in asked), *((each, each) for each in optional if each != "dev")]
    for way, brought_by in ways:
        for line in there.requires or []:
            try:
                requirement = Requirement(line)
            except InvalidRequirement:
                continue
            if _applies(requirement, way):
                yield requirement.name, brought_by, frozenset(requirement.extras)


def _applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    if marker is None:
        return not extra
    return marker.evaluate({"extra": extra}) and (not extra or not marker.evaluate({"extra": ""}))


def _package(there: Distribution, extra: str) -> Package:
    facts = _metadata(there)
    return Package(
        name=facts.get("Name", "") or "",
        version=there.version,
        licence=_licence(facts),
        summary=(facts.get("Summary") or "")[:200],
        extra=extra,
        has_text=any(True for _ in _licence_files(there)),
    )


def _licence(facts: Message) -> str | None:
    """The expression of the licence, else the short name it is given, else what its classifiers say."""
    expression = facts.get("License-Expression")
    named = [line.rpartition(" :: ")[2] for line in facts.get_all("Classifier") or [] if line.startswith("License ::")]
    free = (facts.get("License") or "").strip()
    short = free if free and "\n" not in free and len(free) <= 60 else ""
    said = expression or short or ", ".join(name for name in named if name != "OSI Approved")
    return said or None


def _licence_files(there: Distribution) -> Iterator[PurePath]:
    for path in there.files or ():
        inside = path.parts[0].endswith((".dist-info", ".egg-info")) if path.parts else False
        if inside and LICENCE_FILE.match(path.name):
            yield path


def _metadata(there: Distribution) -> Message:
    return cast("Message", there.metadata)


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(found: Sequence[Package]) -> frozenset[str]:
    """The names of packages as they are compared."""
    return frozenset(_key(each.name) for each in found)


def is_among(name: str, found: Sequence[Package]) -> bool:
    """Whether a package is one of these, however its name is written."""
    return _key(name) in names(found)
