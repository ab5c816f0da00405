"""The shapes of a load: when every request of a run is due, reckoned from what was asked and one seed."""

from ollascope.bench.shapes.amounts import Amount, read_amount, read_levels
from ollascope.bench.shapes.making import make_schedule
from ollascope.bench.shapes.trace import Trace, read_trace
from ollascope.bench.shapes.wishes import Wish, wishes

__all__ = ["Amount", "Trace", "Wish", "make_schedule", "read_amount", "read_levels", "read_trace", "wishes"]
