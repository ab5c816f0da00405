"""How the engine's library stands here: what is built, what it uses, what was found of it, what is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ollascope.console.show import size_text
from ollascope.engines.llamacpp.building.shelf import Kept, Shelf
from ollascope.engines.llamacpp.installed import HINT, Installed, find_installed, read_features
from ollascope.engines.llamacpp.probe import Verdict
from ollascope.engines.llamacpp.recipe import PACKAGE, WIDE, Recipe, compiler, recipe
from ollascope.words.errors import LoadFailed
from ollascope.words.record import Json

MISSING = "-"
RIGHT = "it computes right"
Row = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that can be said without building anything."""

    here: Installed | None
    features: frozenset[str]
    trouble: str  # why the library does not load
    verdict: Verdict | None
    recipe: Recipe
    cache: Path | None
    kept: tuple[Kept, ...]
    compiler: str

    @property
    def unused(self) -> list[str]:
        """What a build for this processor would use and this one does not."""
        return sorted(self.recipe.features & WIDE - self.features) if self.here and not self.trouble else []


def read_standing(cache: Path | None, examine: Callable[[], Verdict]) -> Standing:
    """How it stands now; `examine` gives the verdict on a library that loads."""
    here, features, trouble, verdict = find_installed(), frozenset[str](), "", None
    if here:
        try:
            features = read_features(Path(here.folder))
            verdict = examine()
        except LoadFailed as error:
            trouble = error.message
    return Standing(
        here=here, features=features, trouble=trouble, verdict=verdict, recipe=recipe(), cache=cache,
        kept=tuple(Shelf(cache).kept()) if cache else (), compiler=compiler(),
    )  # fmt: skip


def rows(standing: Standing) -> list[Row]:
    """The standing as a person reads it."""
    here, unused = standing.here, standing.unused
    told = [
        ("package", f"{PACKAGE} {here.version}" if here else f"not installed; {HINT}"),
        ("folder", here.folder if here else ""),
        ("instructions", ", ".join(sorted(standing.features))),
        ("not used", f"{', '.join(unused)}; `ollascope engine build --fresh` compiles for them" if unused else ""),
        ("found", tell_verdict(standing)),
        ("compiler", standing.compiler or "not found"),
        ("wheels are in", str(standing.cache) if standing.cache else "nowhere, this user has no home folder"),
        *((f"wheel {number}", f"{kept.recipe} ({size_text(kept.bytes)})") for number, kept in _numbered(standing)),
    ]
    return [row for row in told if row[1]]


def tell_verdict(standing: Standing) -> str:
    """The verdict in words."""
    if standing.trouble:
        return standing.trouble
    if not standing.verdict:
        return ""
    texts = {
        "right": RIGHT,
        "guarded": f"it computes right with the guard only ({standing.verdict.reason} without)",
        "broken": f"it does not compute right: {standing.verdict.reason}",
    }
    return texts[standing.verdict.state]


def facts(standing: Standing) -> dict[str, Json]:
    """The standing as a program reads it."""
    here, verdict = standing.here, standing.verdict
    return {
        "installed": here is not None,
        "version": here.version if here else None,
        "folder": here.folder if here else None,
        "features": sorted(standing.features),
        "unused": standing.unused,
        "verdict": verdict.state if verdict else None,
        "guard": verdict.guard if verdict else None,
        "reason": standing.trouble or (verdict.reason if verdict else "") or None,
        "recipe": standing.recipe.name,
        "compiler": standing.compiler or None,
        "cache": str(standing.cache) if standing.cache else None,
        "wheels": [{"recipe": each.recipe, "file": str(each.wheel), "bytes": each.bytes} for each in standing.kept],
    }


def _numbered(standing: Standing) -> list[tuple[int, Kept]]:
    return list(enumerate(standing.kept, start=1))
