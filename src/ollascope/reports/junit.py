"""Verdicts as JUnit XML, which every CI shows: one case a rule, failed where the rule said no."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One rule: kept, broken (`failure` says how), or not told (`skipped` says why)."""

    name: str
    failure: str | None = None
    skipped: str | None = None
    output: str = ""


def junit(suite: str, cases: Sequence[Case], seconds: float) -> str:
    """The document as text."""
    failed, skipped = sum(case.failure is not None for case in cases), sum(case.skipped is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": str(skipped),
              "time": f"{seconds:.3f}"}  # fmt: skip
    root = Xml.Element("testsuites", counts)
    inner = Xml.SubElement(root, "testsuite", {"name": _fit(suite), **counts})
    for case in cases:
        told = Xml.SubElement(inner, "testcase", {"name": _fit(case.name), "classname": _fit(suite)})
        if case.failure is not None:
            Xml.SubElement(told, "failure", {"message": _fit(case.failure)})
        if case.skipped is not None:
            Xml.SubElement(told, "skipped", {"message": _fit(case.skipped)})
        if case.output:
            Xml.SubElement(told, "system-out").text = _fit(case.output)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _fit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)
