"""The check `packages`: are the Python packages that Ollascope declares there, in the versions it declares?"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from ollascope.checks.finding import Facts, Finding, Surroundings

ID = "packages"
OURS = "ollascope"
AGAIN = "install Ollascope again: `python -m pip install --force-reinstall ollascope`, or `make setup` in a checkout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One declared requirement and the version that is installed, if any."""

    requirement: Requirement
    version: Version | None

    @property
    def fits(self) -> bool:
        return self.version is not None and self.requirement.specifier.contains(self.version, prereleases=True)

    @property
    def complaint(self) -> str:
        wanted = f" (needs {self.requirement.specifier})" if self.requirement.specifier else ""
        found = self.version or "is missing"
        return f"{self.requirement.name} {found}{wanted}"


def check_packages(_around: Surroundings) -> Finding:
    """Every Python package that Ollascope declares: there, and in the declared range; and which extras are there."""
    return look(sys.path)


def look(path: Sequence[str]) -> Finding:
    """Judge the packages that lie in the folders of `path`."""
    ours = _distribution(OURS, path)
    if ours is None:
        text = "Ollascope is not installed as a package, so its requirements cannot be told"
        return Finding(id=ID, state="unknown", text=text, hint="in a checkout: `python -m pip install -e .`")
    try:
        requirements = [Requirement(line) for line in ours.requires or []]
        needed = [_package(requirement, path) for requirement in requirements if _applies(requirement, "")]
        extras = {extra: _has_extra(requirements, extra, path) for extra in _extras(ours)}
    except (InvalidRequirement, InvalidVersion, UnicodeDecodeError) as error:
        text = f"the metadata of an installed package is broken: {error}".replace("\n", " ")
        return Finding(id=ID, state="unknown", text=text, hint=AGAIN)
    if not needed:
        text = "the metadata of Ollascope names no requirements"
        return Finding(id=ID, state="unknown", text=text, hint=AGAIN)
    return judge(needed, extras)


def judge(needed: Sequence[Package], extras: dict[str, bool]) -> Finding:
    """A declared package that is missing or out of range is a problem; extras are only told."""
    facts: Facts = {
        "packages": {package.requirement.name: str(package.version or "") or None for package in needed},
        "extras": extras,
    }
    wrong = [package for package in needed if not package.fits]
    if wrong:
        return Finding(
            id=ID,
            state="problem",
            text=f"{len(wrong)} of {len(needed)} do not fit: {', '.join(package.complaint for package in wrong)}",
            hint="python -m pip install " + " ".join(f"'{_wanted(package.requirement)}'" for package in wrong),
            facts=facts,
        )
    told = ", ".join(f"{extra} {'installed' if there else 'not installed'}" for extra, there in sorted(extras.items()))
    text = f"{len(needed)} required packages fit" + (f"; extras: {told}" if told else "")
    return Finding(id=ID, state="ok", text=text, facts=facts)


def _distribution(name: str, path: Sequence[str]) -> Distribution | None:
    return next(iter(distributions(name=name, path=list(path))), None)


def _package(requirement: Requirement, path: Sequence[str]) -> Package:
    found = _distribution(requirement.name, path)
    return Package(requirement=requirement, version=_version(found) if found else None)


def _version(found: Distribution) -> Version:
    written = found.metadata.get_all("Version")  # nothing where the file is cut off
    if not written or not written[0]:
        name = (found.metadata.get_all("Name") or ["a package"])[0]
        raise InvalidVersion(f"{name} without a version")
    return Version(written[0])


def _extras(ours: Distribution) -> list[str]:
    return ours.metadata.get_all("Provides-Extra") or []


def _has_extra(requirements: Sequence[Requirement], extra: str, path: Sequence[str]) -> bool:
    added = [each for each in requirements if _applies(each, extra) and not _applies(each, "")]
    return all(_package(each, path).fits for each in added)


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _wanted(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"
