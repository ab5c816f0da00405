"""The frame around every page: templates, their words and macros, the navigation, and parts that are rendered alone."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import jinja2
import orjson
from flask import Flask, g, request
from jinja2.runtime import Context
from markupsafe import Markup

from ollascope import __version__
from ollascope.reports import say
from ollascope.settings.shipped import shipped
from ollascope.web.guard.changes import token
from ollascope.web.joint import ENTRIES, Entry, Tab
from ollascope.web.language import NAMES, language, tell, word
from ollascope.web.live.hub import Feed, Hub
from ollascope.web.live.topic import Topic
from ollascope.web.static import Static
from ollascope.web.viewer import language_tag, theme, viewing
from ollascope.words.clock import utc_text

MACROS: Final = "web/macros.html"
SCRIPT_WORDS: Final = (  # what our scripts say; each has its line in the catalogue
    "live", "paused", "connection lost, trying again", "copied", "just now", "close", "Please confirm", "working…",
    "that did not work", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes", "Download plot as a PNG",
    "Double-click to zoom back out",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One of the five entries, and the pages under it."""

    entry: Entry
    label: str
    tabs: tuple[Tab, ...]


def furnish(app: Flask, tabs: Iterable[Tab], static: Static, hub: Callable[[], Hub]) -> None:
    """Give the templates of this app all that they use."""
    app.jinja_options = {"undefined": jinja2.StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.jinja_loader = jinja2.FileSystemLoader(shipped("templates"))
    environment = app.jinja_env
    sections = arrange(list(tabs))
    environment.globals.update(
        _=word, tell=tell, say=say, version=__version__, asset=static.address, sections=sections, names=NAMES,
        nonce=nonce, csrf_token=token, live=lambda name: _live(hub(), name), script_words=_script_words,
    )  # fmt: skip
    environment.filters["utc"] = utc_text
    environment.globals["ui"] = environment.get_template(MACROS).module
    app.context_processor(_of_this_answer)


def arrange(tabs: Sequence[Tab]) -> tuple[Section, ...]:
    """The entries that have a page, in their order, each with its pages in theirs."""
    found = []
    for entry, label in ENTRIES.items():
        own = tuple(sorted((tab for tab in tabs if tab.entry == entry), key=lambda tab: tab.order))
        if own:
            found.append(Section(entry=entry, label=label, tabs=own))
    return tuple(found)


def nonce() -> str:
    """The word that lets the scripts and styles of this answer run, and no others."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def render_parts(app: Flask, topic: Topic, found: Mapping[str, object]) -> dict[str, str]:
    """Each part of a topic: a block of its template, or a key of its JSON."""
    if not topic.template:
        return {name: orjson.dumps(value, default=str).decode() for name, value in found.items()}
    template = app.jinja_env.get_template(topic.template)
    context: Context = template.new_context(dict(topic.show(found) if topic.show else found))
    return {name: "".join(block(context)).strip() for name, block in template.blocks.items()}


def _live(hub: Hub, name: str) -> dict[str, Markup]:
    """The parts of a topic for the page that is being made; scripts keep them up to date."""
    parts = hub.parts(Feed(topic=name, viewing=viewing(), language=language()))
    wrapper = '<div class="part" data-topic="{}" data-part="{}">{}</div>'
    return {part: Markup(wrapper).format(name, part, Markup(text)) for part, text in parts.items()}  # noqa: S704 - of our templates, escaped there


def _of_this_answer() -> dict[str, object]:
    here = request.endpoint or ""
    return {
        "language": language(), "language_tag": language_tag(), "theme": theme(), "here": here,
        "everything": viewing().everything, "logged_in": bool(g.get("logged_in")),
        "read_only": bool(g.get("read_only")),
    }  # fmt: skip


def _script_words() -> Markup:
    text = orjson.dumps({each: word(each) for each in SCRIPT_WORDS}).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - JSON without a way out of its element
