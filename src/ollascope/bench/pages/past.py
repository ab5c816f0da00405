"""What a run under way has shown so far, in the form of a Result, so that its charts are those of every result."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ollascope.bench import folder as names
from ollascope.bench.about import About
from ollascope.bench.asked import Asked
from ollascope.bench.measuring import gather, reckon
from ollascope.bench.measuring.machine import readings_of, timed
from ollascope.bench.result import Delivered, Reading, Result, Slice, Window
from ollascope.bench.running.standing import Standing
from ollascope.bench.shown.charts import over_time
from ollascope.bench.shown.machine import machine_chart
from ollascope.reports.parts import Chart
from ollascope.reports.words import Language
from ollascope.words.errors import RecordInvalid, Trouble
from ollascope.words.record import loads
from ollascope.words.sample import Sample

Sign = tuple[int, float]

SHORTEST_S: Final = 1.0
MOST: Final = 400  # slices; beyond it each becomes twice as long
LARGEST: Final = 4 << 20  # bytes of Calls that are read for what was before the first look
FIRST_S: Final = 3.0  # what is younger has no past worth reading
AWAY_S: Final = 10.0
SAMPLES: Final = 2000
READINGS: Final = 300  # that are drawn
MOST_RUNS: Final = 20
ENDING: Final = b"\n"


class Pasts:
    """The past of every run that is looked at, and its drawings: made once for all viewers, anew with each slice."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, Language], tuple[Sign, tuple[Chart, ...]]] = {}
        self._kept: dict[str, _Past] = {}
        self._lock = threading.Lock()

    def take(self, folder: Path, now: Standing) -> None:
        """How a run stands at this moment."""
        with self._lock:
            past = self._kept.get(folder.name)
            if past is None or past.is_outdated(now):
                past = self._kept[folder.name] = _Past(folder)
                past.read_back(now)
            past.take(now)
            for old in list(self._kept)[:-MOST_RUNS]:
                del self._kept[old]

    def so_far(self, run: str, asked: Asked, now: Standing) -> Result | None:
        """All that was seen of it, as a Result whose window ends where the run will."""
        with self._lock:
            past = self._kept.get(run)
            return None if past is None else past.result(asked, now)

    def drawn(self, so_far: Result, language: Language) -> tuple[Chart, ...]:
        """Its course, and the machine beside it."""
        sign = len(so_far.slices), so_far.slices[-1].at_s if so_far.slices else 0.0
        key = so_far.run, language
        kept = self._drawn.get(key)
        if kept is None or kept[0] != sign:
            kept = sign, (over_time(so_far, language), machine_chart(so_far, language))
            with self._lock:
                self._drawn[key] = kept
                for old in list(self._drawn)[:-MOST_RUNS]:
                    del self._drawn[old]
        return kept[1]


def memory_of(so_far: Result) -> float | None:
    """The share of the machine's memory that is taken, as it was read last."""
    whole = so_far.machine.get("memory_bytes")
    free = so_far.readings[-1].memory_available_bytes if so_far.readings else None
    return 1 - free / whole if free is not None and isinstance(whole, int) and whole > 0 else None


class _Past:
    """Slices of one run, and the machine beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._length_s = SHORTEST_S
        self._slices: dict[int, Slice] = {}
        self._last: Standing | None = None
        self._samples: list[Sample] = []
        self._read = 0  # bytes of samples.jsonl
        self.at_s = 0.0

    def is_outdated(self, now: Standing) -> bool:
        """Whether the same id was begun again, or nobody looked for so long that the Calls tell more."""
        return now.at_s < self.at_s or (now.at_s > self.at_s + AWAY_S and self._size() <= LARGEST)

    def take(self, now: Standing) -> None:
        """Add what happened since the last time."""
        self._read_samples()
        if now.state != "running" or now.at_s <= self.at_s:
            return
        before = self._last
        sent, failed, ended = (
            (now.sent - before.sent, now.failed - before.failed, now.ended - before.ended) if before else (0, 0, 0)
        )
        fresh = Slice(
            at_s=now.at_s, sent=max(0, sent), ok=max(0, ended - failed), failed=max(0, failed), in_flight=now.in_flight,
            tokens_per_s=now.tokens_per_s, ttft_p50_s=now.ttft_p50_s, ttft_p95_s=now.ttft_p95_s,
        )  # fmt: skip
        for one in _spread(fresh, self.at_s, self._length_s):
            self._add(one)
        self._last, self.at_s = now, now.at_s

    def read_back(self, now: Standing) -> None:
        """What was before somebody looked, from the run's Calls where they are few enough."""
        self._last, self.at_s = now, now.at_s
        if now.at_s < FIRST_S or self._size() > LARGEST:
            return
        try:
            found = reckon(gather(self._folder))
        except Trouble:  # it has begun so lately that there is nothing
            return
        for one in found.slices:
            if one.at_s < now.at_s:
                self._add(one)

    def result(self, asked: Asked, now: Standing) -> Result:
        """As far as it is known; the verdict is not."""
        about = self._about()
        until = max(now.at_s + (now.left_s or 0.0), 1.0)
        began = now.at - now.at_s
        return Result(
            run=now.run, asked=asked, started_at=began, ended_at=now.at, verdict="LIMITED",
            delivered=Delivered(requests=now.ended, ok=now.ended - now.failed, failed=now.failed,
                                peak_inflight=now.peak_in_flight, outcomes=now.outcomes),
            window=Window(since_s=0.0, until_s=until), slices=self.slices(), readings=self._readings(about),
            machine=about.machine, partial=True,
        )  # fmt: skip

    def slices(self) -> tuple[Slice, ...]:
        return tuple(self._slices[place] for place in sorted(self._slices))

    def _size(self) -> int:
        return sum(path.stat().st_size for path in self._folder.glob(names.CALLS.replace(".", "*.")))

    def _readings(self, about: About) -> tuple[Reading, ...]:
        every = readings_of([pair for pair in timed(self._samples, about) if pair[0] >= 0], about)
        step = -(-len(every) // READINGS) or 1
        return (*every[:-1][::step], *every[-1:])

    def _about(self) -> About:
        try:
            return loads(About, (self._folder / names.ABOUT).read_bytes())
        except (OSError, RecordInvalid):
            return About(run=self._folder.name, started_at=0.0)

    def _read_samples(self) -> None:
        """The lines that were added; a torn last one is read the next time."""
        try:
            with (self._folder / names.SAMPLES).open("rb") as file:
                file.seek(self._read)
                fresh = file.read(LARGEST)
        except OSError:
            return
        whole = fresh[: fresh.rfind(ENDING) + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            try:
                self._samples.append(loads(Sample, line))
            except RecordInvalid:
                continue
        del self._samples[:-SAMPLES]

    def _add(self, fresh: Slice) -> None:
        place = int(fresh.at_s // self._length_s)
        before = self._slices.get(place)
        self._slices[place] = replace(
            fresh if before is None else _joined(before, fresh), at_s=(place + 0.5) * self._length_s
        )
        if place >= MOST:
            every, self._slices, self._length_s = self.slices(), {}, 2 * self._length_s
            for one in every:
                self._add(one)


def _joined(before: Slice, after: Slice) -> Slice:
    """Counts add up; of what was measured at an instant the later one is taken."""
    return replace(
        after, sent=before.sent + after.sent, ok=before.ok + after.ok, failed=before.failed + after.failed,
        total_p50_s=after.total_p50_s or before.total_p50_s, total_p95_s=after.total_p95_s or before.total_p95_s,
    )  # fmt: skip


def _spread(fresh: Slice, since_s: float, length_s: float) -> Iterator[Slice]:
    """What happened while nobody looked, evenly over that time; only its end was measured."""
    first, last = int(since_s // length_s), int(fresh.at_s // length_s)
    places = range(first + 1, last + 1) if last > first else range(last, last + 1)
    count = len(places)
    for number, place in enumerate(places):
        sent, ok, failed = (
            total * (number + 1) // count - total * number // count for total in (fresh.sent, fresh.ok, fresh.failed)
        )
        if number == count - 1:
            yield replace(fresh, sent=sent, ok=ok, failed=failed)
        else:
            yield Slice(at_s=(place + 0.5) * length_s, sent=sent, ok=ok, failed=failed)
