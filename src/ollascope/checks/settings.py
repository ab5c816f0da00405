"""The check `settings`: which settings are in force, and what is wrong with them?"""

from collections.abc import Sequence
from dataclasses import replace

from ollascope.checks.finding import Facts, Finding, Surroundings
from ollascope.processes.address import try_port
from ollascope.processes.state import own_ports
from ollascope.settings.files import is_absent
from ollascope.settings.findings import DEFAULT, printable
from ollascope.settings.findings import Finding as Mistake
from ollascope.settings.machine import look
from ollascope.settings.sense import warnings

ID = "settings"
ALL = "`ollascope settings check` lists them all"


def check_settings(around: Surroundings) -> Finding:
    """The settings in force: their file, their mistakes, and what makes no sense on this machine."""
    file = around.settings_file
    place = "no settings file, so defaults" if file is None or is_absent(file) else printable(str(file))
    set_ = sum(entry.origin != DEFAULT for entry in around.settings.entries())
    machine, ours = look(around.settings, try_port), {*own_ports(around.settings.data_folder), *around.own_ports}
    others = frozenset((host, port) for host, port in machine.taken if port not in ours)  # ours are as they should be
    doubts = warnings(around.settings, replace(machine, taken=others))
    return judge(f"{place}; {_count(set_, 'value')} set", around.mistakes, doubts)


def judge(text: str, mistakes: Sequence[Mistake], doubts: Sequence[Mistake]) -> Finding:
    """A mistake is a problem, though the other checks go on with the default; a doubt is a warning."""
    facts: Facts = {"mistakes": [str(mistake) for mistake in mistakes], "warnings": [str(doubt) for doubt in doubts]}
    if mistakes:
        return Finding(id=ID, state="problem", text=_told(mistakes, "mistake"), hint=_advice(mistakes), facts=facts)
    if doubts:
        return Finding(id=ID, state="warning", text=_told(doubts, "warning"), hint=_advice(doubts), facts=facts)
    return Finding(id=ID, state="ok", text=text, facts=facts)


def _told(found: Sequence[Mistake], word: str) -> str:
    first = "" if len(found) == 1 else "the first: "
    return f"{_count(len(found), word)}: {first}{found[0].origin}: {found[0].what}"


def _advice(found: Sequence[Mistake]) -> str:
    return found[0].hint if len(found) == 1 else f"{found[0].hint}; {ALL}"


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
