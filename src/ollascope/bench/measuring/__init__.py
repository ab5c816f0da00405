"""From the files of a run to its Result: what was measured, by one definition each."""

from ollascope.bench.measuring.reading.gathered import Gathered
from ollascope.bench.measuring.reading.gathering import gather
from ollascope.bench.measuring.reckoning import reckon

__all__ = ["Gathered", "gather", "reckon"]
