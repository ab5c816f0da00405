"""One run from what is asked to its Result: prepared, carried out, watched, interrupted, taken up again."""

from ollascope.bench.running.carrying import carry_out, look_quickly
from ollascope.bench.running.resuming import take_up
from ollascope.bench.running.stand import Listener, Silence, Stand, Stop
from ollascope.bench.running.standing import Standing

__all__ = ["Listener", "Silence", "Stand", "Standing", "Stop", "carry_out", "look_quickly", "take_up"]
