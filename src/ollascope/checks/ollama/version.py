"""The check `ollama-version`: is this Ollama recent enough?"""

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.checks.ollama.look import absent, look, unused
from ollascope.engines.ollama import versions
from ollascope.engines.ollama.discovery import Found
from ollascope.engines.ollama.versions import Version, read_version

ID = "ollama-version"
UPDATE = "update it: https://ollama.com/download"
LACKS: tuple[tuple[Version, str], ...] = (
    (versions.LOGPROBS, "log probabilities"),
    (versions.CONTEXT_TOLD, "the context in force"),
    (versions.THINKING, "thinking that is kept apart"),
)


def check_version(around: Surroundings) -> Finding:
    """Which Ollama answers, and what it is too old for."""
    return unused(around, ID) or judge(look(around))


def judge(found: Found) -> Finding:
    """One whose requests differ is a problem; one that lacks something, a warning; of an own build nothing is known."""
    if found.version is None:
        return absent(found, ID)
    version = read_version(found.version)
    facts: Facts = {"version": found.version}
    if version is None:
        text = f"its version, {found.version}, says nothing: a build of one's own"
        return Finding(id=ID, state="unknown", text=text, hint="what it lacks shows when it is asked", facts=facts)
    if version < versions.OLDEST:
        oldest = ".".join(map(str, versions.OLDEST))
        text = f"Ollama {found.version} is too old: {oldest} is the oldest that is known"
        return Finding(id=ID, state="problem", text=text, hint=UPDATE, facts=facts)
    lacking = [what for since, what in LACKS if version < since]
    if lacking:
        text = f"Ollama {found.version} does not have: {', '.join(lacking)}"
        return Finding(id=ID, state="warning", text=text, hint=UPDATE, facts=facts)
    return Finding(id=ID, state="ok", text=f"Ollama {found.version}", facts=facts)
