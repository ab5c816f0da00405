"""The check `python`: does this interpreter fit?"""

import platform
import sys
from dataclasses import dataclass

from ollascope.checks.finding import Facts, Finding, Surroundings

ID = "python"
OLDEST = (3, 11)
NEWEST = (3, 13)
ADVICE = "install Python 3.11, 3.12 or 3.13 and make the virtual environment again with it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The Python that runs this program."""

    version: tuple[int, int, int]
    implementation: str
    bits: int
    venv: bool


def check_python(_around: Surroundings) -> Finding:
    """The Python that runs Ollascope: its version, whether it is 64-bit, and whether it is a virtual environment."""
    return judge(
        Interpreter(
            version=sys.version_info[:3],
            implementation=platform.python_implementation(),
            bits=64 if sys.maxsize > 2**32 else 32,
            venv=sys.prefix != sys.base_prefix,
        )
    )


def judge(interpreter: Interpreter) -> Finding:
    """Too old is a problem; what nobody has tested is a warning."""
    facts: Facts = {
        "version": ".".join(map(str, interpreter.version)),
        "implementation": interpreter.implementation,
        "bits": interpreter.bits,
        "venv": interpreter.venv,
    }
    place = "in a virtual environment" if interpreter.venv else "not in a virtual environment"
    text = f"{interpreter.implementation} {facts['version']}, {interpreter.bits}-bit, {place}"
    if interpreter.version[:2] < OLDEST:
        return Finding(id=ID, state="problem", text=f"{text}: too old", hint=ADVICE, facts=facts)
    if interpreter.version[:2] > NEWEST:
        return Finding(id=ID, state="warning", text=f"{text}: newer than what was tested", hint=ADVICE, facts=facts)
    if interpreter.implementation != "CPython":
        hint = "use CPython, the Python of python.org and of the distributions; nothing else was tested"
        return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)
    if interpreter.bits < 64:
        hint = "use a 64-bit Python; this one cannot load models larger than 2 GiB"
        return Finding(id=ID, state="warning", text=text, hint=hint, facts=facts)
    return Finding(id=ID, state="ok", text=text, facts=facts)
