"""Answers that came with stamps, read in heaps at a fraction of the cost: what counts for times, not what was said."""

from ollascope.apis.skimming.skim import Heard, Skim

__all__ = ["Heard", "Skim"]
