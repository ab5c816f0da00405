"""Everything that lies in the folder of a run, as far as a Result is made from it."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ollascope.bench.about import About
from ollascope.bench.asked import Asked
from ollascope.bench.measuring.reading.sheet import Sheet, Totals
from ollascope.words.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The files of a run, read."""

    folder: Path
    asked: Asked
    about: About
    sheet: Sheet
    totals: Mapping[int, Totals]  # by stage
    samples: tuple[Sample, ...] = ()
    gaps: Mapping[int, "array[float]"] = field(default_factory=dict)  # one by one, by worker
    torn: int = 0  # last lines that a kill cut short
    invalid: int = 0  # lines that are no Calls
    repeated: int = 0  # Calls of a shot that was asked again when the run was resumed
