"""Peers measured in turns, and which of their runs may be compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipe_parts.table import Row

from engine_parts.noise import Noise
from engine_parts.settings import Settings

BUSY = "too busy to judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of one peer came to."""

    tokens: int
    seconds: float
    last_ttft_s: float
    noise: Noise
    texts: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds


Runs = Mapping[str, Sequence[Run]]


def take_turns(settings: Settings, drives: Mapping[str, Callable[[int], Run]]) -> Runs:
    """Every peer once a round, to and fro; up to twice the rounds where others took the machine away."""
    runs: dict[str, list[Run]] = {name: [] for name in drives}
    turn = 0
    while turn < settings.rounds or (turn < 2 * settings.rounds and not all(map(fair, runs.values()))):
        for name in list(drives) if turn % 2 else list(drives)[::-1]:
            run = drives[name](turn)
            runs[name].append(run)
            settings.say(f"    {name}: {run.rate:.0f} tokens/s, last TTFT {run.last_ttft_s:.2f} s; {run.noise}")
        turn += 1
    return runs


def fair(runs: Sequence[Run]) -> list[Run]:
    """The runs that had the machine to themselves."""
    return [run for run in runs if run.noise.is_fair]


def best(runs: Sequence[Run]) -> Run:
    """The fastest: others can only make a run slower."""
    return max(fair(runs) or runs, key=lambda run: run.rate)


def first(runs: Sequence[Run]) -> float:
    """The shortest time to the first piece of whoever got it last."""
    return min(run.last_ttft_s for run in fair(runs) or runs)


def judged(runs: Runs, *names: str) -> bool:
    """Whether each of these peers had a fair run."""
    return all(fair(runs[name]) for name in names)


def ratio(name: str, figure: float, least: float, *, judge: bool, note: str = "") -> Row:
    """A ratio beside its promise, if that can be judged."""
    if judge:
        return Row(name=name, figure=figure, unit="x", least=least, note=note)
    return Row(name=name, figure=figure, unit="x", note=f"≥ {least:.4g}: {BUSY}" + (f"; {note}" if note else ""))


def limit(name: str, figure: float, unit: str, most: float, *, judge: bool, note: str = "") -> Row:
    """A figure beside its limit, if that can be judged: what was kept in spite of others was kept."""
    if judge or figure <= most:
        return Row(name=name, figure=figure, unit=unit, most=most, note=note)
    return Row(name=name, figure=figure, unit=unit, note=f"≤ {most:.4g}: {BUSY}" + (f"; {note}" if note else ""))


def describe(runs: Sequence[Run]) -> str:
    """What a reader of a figure should know of the runs behind it."""
    taken = ", ".join(f"{run.rate:.0f}" for run in runs)
    return f"{taken}; {len(fair(runs))} of {len(runs)} fair; best with {best(runs).noise}"
