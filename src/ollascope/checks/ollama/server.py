"""The check `ollama`: is an Ollama there, and where?"""

from ollascope.checks.finding import Facts, Finding, State, Surroundings
from ollascope.checks.ollama.look import look, unused
from ollascope.engines.ollama.discovery import Found

ID = "ollama"


def check_ollama(around: Surroundings) -> Finding:
    """The Ollama that is set, or the one of this machine: does it answer?"""
    return unused(around, ID) or judge(look(around))


def judge(found: Found) -> Finding:
    """One that was set and does not answer is a problem; where none is set, there need not be one."""
    facts: Facts = {"url": found.url, "how": found.how, "version": found.version}
    if found.answers:
        return Finding(id=ID, state="ok", text=found.text, facts=facts)
    state: State = "problem" if found.how == "setting" else "warning"
    return Finding(id=ID, state=state, text=found.text, hint=found.hint, facts=facts)
