"""A report as one HTML file that opens offline, in light, dark and on paper, and runs no script."""

from pathlib import Path

from ollascope import __version__
from ollascope.reports.parts import Banner, Chart, Facts, Part, Report, Table, Text
from ollascope.reports.words import word
from ollascope.settings.files import write
from ollascope.settings.shipped import shipped


def save_page(report: Report, path: Path) -> None:
    """Write the page, whole or not at all."""
    write(path, page(report), overwrite=True)


def page(report: Report) -> str:
    """The page as text; whatever comes from outside is escaped, only drawings of `charts/` are not."""
    import jinja2  # noqa: PLC0415 - who wants no page need not wait for it
    import markupsafe  # noqa: PLC0415

    loader = jinja2.FileSystemLoader(shipped("templates"))
    frame = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    parts = [
        {"kind": _kind(part), "part": part, "svg": markupsafe.Markup(part.svg) if isinstance(part, Chart) else ""}  # noqa: S704
        for part in report.parts
    ]
    return frame.get_template("reports/page.html").render(
        report=report, parts=parts, version=__version__, word=lambda text: word(text, report.language)
    )


def _kind(part: Part) -> str:
    kinds = {Banner: "banner", Facts: "facts", Table: "table", Chart: "chart", Text: "text"}
    return kinds[type(part)]
