"""All findings as one HTML page that opens anywhere, to keep or to send to whoever helps."""

from collections.abc import Sequence
from pathlib import Path

from ollascope import __version__
from ollascope.checks.finding import Finding, closing
from ollascope.settings.files import write
from ollascope.settings.shipped import shipped
from ollascope.words.clock import Clock, utc_text


def write_page(findings: Sequence[Finding], path: Path, clock: Clock) -> None:
    """Write the page, whole or not at all; the folder must be there."""
    write(path, page(findings, utc_text(clock.wall())), overwrite=True)


def page(findings: Sequence[Finding], at: str) -> str:
    """The page as text."""
    import jinja2  # noqa: PLC0415 - who wants no page need not wait for it

    loader = jinja2.FileSystemLoader(shipped("templates"))
    frame = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return frame.get_template("checks/doctor.html").render(
        findings=findings, closing=closing(findings), at=at, version=__version__
    )
