"""The check `engine`: is the embedded engine built, for this processor, and does it compute right?"""

from pathlib import Path

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.engines.llamacpp.installed import find_installed, read_features
from ollascope.engines.llamacpp.probe import MEMORY, REBUILD, Exam, Verdict, probe, recall
from ollascope.engines.llamacpp.recipe import PACKAGE, WIDE, recipe
from ollascope.settings.data import MARKER
from ollascope.words.errors import LoadFailed

ID = "engine"
PROMPT = "a prompt of several tokens"
NOT_BUILT = "not built; `ollascope engine build` builds it, which is needed only without Ollama"


def check_engine(around: Surroundings) -> Finding:
    """The embedded engine: whether it is built, what instructions it uses, whether it computes right."""
    here = find_installed()
    if here is None:
        return Finding(id=ID, state="ok", text=NOT_BUILT, facts={"installed": False})
    facts: Facts = {"installed": True, "version": here.version, "folder": here.folder}
    try:
        features = read_features(Path(here.folder))
        memory = around.settings.data_folder / MEMORY
        verdict = recall(memory, here) or probe(exam())  # a check leaves nothing behind
    except LoadFailed as error:
        return Finding(id=ID, state="problem", text=error.message, hint=REBUILD, facts=facts)
    wanted = recipe().features & WIDE
    facts |= {
        "features": sorted(features),
        "processor": sorted(wanted),
        "verdict": verdict.state,
        "guard": verdict.guard,
    }
    return judge(f"{PACKAGE} {here.version}", features, wanted, verdict, facts)


def judge(
    name: str, features: frozenset[str], wanted: frozenset[str], verdict: Verdict, facts: Facts
) -> Finding:  # fmt: skip
    """A build that is wrong is a problem, one that needs the guard a warning, one that could be faster is told."""
    if verdict.state == "broken":
        text = f"{name} does not compute right: {verdict.reason}"
        return Finding(id=ID, state="problem", text=text, hint=REBUILD, facts=facts)
    if verdict.guard:
        text = f"{name} works with the guard on ({verdict.reason} without)"
        return Finding(id=ID, state="warning", text=text, hint=REBUILD, facts=facts)
    used = ", ".join(sorted(features & (WIDE | {"AVX2", "AVX", "NEON"}))) or "no wide instructions"
    unused = ", ".join(sorted(wanted - features))
    more = f"; without {unused}, which this processor has" if unused else ""
    return Finding(id=ID, state="ok", text=f"{name} computes right, with {used}{more}", facts=facts)


def exam() -> Exam:
    """The question to a build: the scripted model in 8-bit weights, where faults show, says its known sentence."""
    from ollascope.registry.gguf.scripted import story, write_scripted  # noqa: PLC0415 - needs numpy, as the engine

    return Exam(write=lambda path: write_scripted(path, weights="q8_0"), prompt=PROMPT, answer=story())


def examine(data: Path) -> Verdict:
    """The verdict on the build that is here; it is remembered in a data folder that is there already."""
    return probe(exam(), data / MEMORY if (data / MARKER).exists() else None)
