"""Energy of the processor by RAPL, where this user may read it: joules that count up, over the counter's wrap."""

from dataclasses import dataclass
from pathlib import Path

from ollascope.host.files import names, number, text

MICRO = 1e6


@dataclass(slots=True)
class _Package:
    """One socket: its file, where its counter starts again, and what it said last."""

    file: Path
    wraps_at: int
    last: int
    total: int


class Energy:
    """The sum of all sockets; `joules` is None where nothing can be read."""

    def __init__(self, root: Path) -> None:
        self._packages = list(_find(root / "sys/class/powercap"))

    def joules(self) -> float | None:
        """Joules since some start; to be asked at least once a minute, or a wrap goes unseen."""
        for package in self._packages:
            said = number(package.file)
            if said is None:
                return None
            package.total += said - package.last + (package.wraps_at if said < package.last else 0)
            package.last = said
        return sum(package.total for package in self._packages) / MICRO if self._packages else None


def _find(folder: Path) -> list[_Package]:
    found = []
    for name in names(folder, "intel-rapl:"):
        place = folder / name
        inside_another = name.count(":") > 1
        if inside_another or not text(place / "name").startswith("package"):
            continue  # cores and memory are in their package; psys is the packages once more
        said, wraps_at = number(place / "energy_uj"), number(place / "max_energy_range_uj")
        if said is not None and wraps_at:
            found.append(_Package(file=place / "energy_uj", wraps_at=wraps_at, last=said, total=said))
    return found
