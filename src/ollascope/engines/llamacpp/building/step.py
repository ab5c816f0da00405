"""How far a build is, read from what pip, CMake and ninja or make print."""

import re
from dataclasses import dataclass
from typing import Literal

Stage = Literal["wait", "fetch", "prepare", "configure", "compile", "pack", "check", "install"]

TEXTS: dict[Stage, str] = {
    "wait": "waiting for another build of the same kind",
    "fetch": "fetching the source",
    "prepare": "fetching the tools of the build",
    "configure": "looking at compiler and processor",
    "compile": "compiling",
    "pack": "packing the wheel",
    "check": "checking the library",
    "install": "installing",
}

_FETCHED = re.compile(r"Progress (\d+) of (\d+)$")
_COUNTED = re.compile(r"\[\s*(\d{1,6})/(\d{1,6})\]\s")  # ninja
_PERCENT = re.compile(r"\[\s*(\d{1,3})%\]\s")  # make
_BEGINS: tuple[tuple[str, Stage], ...] = (
    ("Installing build dependencies", "prepare"),
    ("*** Configuring CMake", "configure"),
    ("*** Building project", "compile"),
    ("*** Making wheel", "pack"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One moment of a build; without a total nobody knows how much there is."""

    stage: Stage
    done: int = 0
    total: int = 0
    unit: Literal["", "bytes", "steps", "percent"] = ""

    @property
    def text(self) -> str:
        """In words: compiling, 34 of 83 steps."""
        if not self.total:
            return TEXTS[self.stage]
        if self.unit == "bytes":
            return f"{TEXTS[self.stage]}, {self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB"
        told = f"{self.done} %" if self.unit == "percent" else f"{self.done} of {self.total} {self.unit}"
        return f"{TEXTS[self.stage]}, {told}"


def read_fetching(line: str) -> Step | None:
    """What a line of `pip download` says, if it says how far the download is."""
    if found := _FETCHED.match(line.strip()):
        return Step(stage="fetch", done=int(found[1]), total=int(found[2]), unit="bytes")
    return Step(stage="prepare") if line.strip().startswith(_BEGINS[0][0]) else None


def read_building(line: str) -> Step | None:
    """What a line of `pip -v wheel` says, if it says how far the build is."""
    line = line.strip()
    if found := _COUNTED.match(line):
        return Step(stage="compile", done=min(int(found[1]), int(found[2])), total=int(found[2]), unit="steps")
    if found := _PERCENT.match(line):
        return Step(stage="compile", done=min(int(found[1]), 100), total=100, unit="percent")
    return next((Step(stage=stage) for start, stage in _BEGINS if line.startswith(start)), None)
