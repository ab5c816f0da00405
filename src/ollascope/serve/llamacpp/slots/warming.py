"""A loaded model's first decodes: they bring its weights into memory and tell how fast it is on this machine."""

import math
import time
from pathlib import Path

from ollascope.serve.llamacpp.slots.native.context import Context
from ollascope.serve.llamacpp.slots.native.model import Model
from ollascope.serve.llamacpp.slots.reuse import Costs
from ollascope.serve.llamacpp.slots.threads import Threads, choose_threads, possible_counts
from ollascope.serve.llamacpp.wish import Load

ROWS = 8  # answers that a measured batch holds, where there are as many slots
FEW, MANY = 16, 64  # tokens of a measured prompt, for a slow model and a fast one
FAST_S = 0.01  # one token of a fast one
SHORTEST_S = 1e-6
COMPANY = 8  # tokens of a pass in which one is looked at: from here on quantised weights have another kernel
FASTEST_BYTES_PER_S = 2e10  # no machine copies much faster, whatever a disturbed measurement says

Key = tuple[Path, int, int, bool]
_known: dict[Key, Threads] = {}  # what was measured in this process


def warm(context: Context, model: Model, load: Load) -> tuple[Threads, Costs]:
    """The threads that the context uses from here on, and what things cost."""
    counts = [load.threads] if load.threads else possible_counts()
    context.set_threads(counts[-1], counts[-1])
    _one(context)  # the first one reads the weights from the disk
    threads = _threads(context, model, load, counts)
    context.set_threads(threads.one, threads.many)
    pass_s = min(_one(context), _one(context))
    length = min(MANY if pass_s < FAST_S else FEW, context.form.batch, context.capacity)
    token_s = _time(context, [(0, length)]) / length
    return threads, Costs(token_s=token_s, copy_s=_copy_s(context, model), pass_s=pass_s)


def same_alone(context: Context) -> bool:
    """Whether a token's numbers are the same alone and among others, to the last bit: by the build and the weights."""
    found = []
    for others in (0, min(COMPANY, context.capacity, context.form.batch) - 1):
        context.put(0, [0], 0, tell_last=True)
        context.put(0, [0] * others, 1, tell_last=False)
        context.decode()
        found.append(context.logits(1).copy())
        context.clear()
    return context.library.same_alone and bool((found[0] == found[1]).all())


def _threads(context: Context, model: Model, load: Load, counts: list[int]) -> Threads:
    if load.threads:
        return Threads(one=load.threads, many=load.threads_batch or load.threads)
    told = model.path.stat()
    key = (model.path, told.st_size, told.st_mtime_ns, context.form.sequences > 1)
    if key not in _known:
        rows = min(ROWS, context.form.sequences)
        batch = [(slot, 1) for slot in range(rows)] if rows > 1 else [(0, FEW)]

        def measure(count: int) -> tuple[float, float]:
            context.set_threads(count, count)
            return _one(context), _time(context, batch)

        _known[key] = choose_threads(measure, counts)
    return Threads(one=_known[key].one, many=load.threads_batch or _known[key].many)


def _one(context: Context) -> float:
    return _time(context, [(0, 1)])


def _time(context: Context, lengths: list[tuple[int, int]]) -> float:
    """Seconds for a batch of so many tokens of these sequences."""
    started = time.perf_counter()
    for sequence, length in lengths:
        context.put(sequence, [0] * length, 0, tell_last=True)
    context.decode()
    took = time.perf_counter() - started
    context.clear()
    return max(took, SHORTEST_S)


def _copy_s(context: Context, model: Model) -> float:
    """How long it takes to copy what one sequence remembers; the next decode does it."""
    if context.form.sequences < 2 or not model.cuts:
        return math.inf
    context.put(0, [0], 0, tell_last=True)
    context.decode()
    took: dict[bool, float] = {False: math.inf, True: math.inf}
    for position, copies in enumerate((False, True, False, True), start=1):
        started = time.perf_counter()
        if copies:
            context.copy(0, 1)
        context.put(0, [0], position, tell_last=True)
        context.decode()
        took[copies] = min(took[copies], time.perf_counter() - started)
    context.clear()
    return max(took[True] - took[False], context.capacity * sum(model.cells()) * 2 / FASTEST_BYTES_PER_S)
