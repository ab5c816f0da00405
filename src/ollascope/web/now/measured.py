"""Load tests, as the first page tells of them: those under way, and the one that was carried out last."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ollascope.bench.pages.launches import Launches
from ollascope.bench.pages.moving import QUICK_S, Moving, moving
from ollascope.bench.pages.shelf import Shelf
from ollascope.web.joint import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One load test, and where its page is."""

    name: str
    address: str


class Bench:
    """Looks into the folder of load tests."""

    def __init__(self, desk: Desk) -> None:
        self._data = desk.data
        self._launches = Launches(desk.data, desk.program, desk.clock.wall)
        self._shelf = Shelf(desk.data)

    def moving(self) -> Sequence[Told]:
        """Those under way."""
        return [_test(one.id, one.asked.name if one.asked else "", one.model) for one in self._moving()]

    def last(self) -> Told | None:
        """The latest that left a result; a quick look stands for its runs."""
        under_way = {one.id for one in self._moving()}
        run = next((one for one in self._shelf.read() if one.verdict is not None), None)
        look = next((one for one in self._launches.all() if one.kind == "quick" and self._launches.said(one)), None)
        begun = run.started_at or 0.0 if run is not None else 0.0
        if look is not None and look.id not in under_way and look.at >= begun - QUICK_S:
            inner = run.model if run is not None and begun >= look.at else None
            return _test(look.id, look.model, inner)
        return _test(run.id, run.name, run.model) if run is not None else None

    def _moving(self) -> Sequence[Moving]:
        return moving(self._data, self._launches)


def _test(wanted: str, *names: str | None) -> Told:
    return Told(name=next(filter(None, names), wanted), address=f"/test/{quote(wanted)}")
