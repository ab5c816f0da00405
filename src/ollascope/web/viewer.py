"""What a viewer has chosen, remembered in cookies: language, theme, and whether tests and demos count."""

from typing import Final, Literal, cast, get_args

from flask import Request, Response, g, request
from werkzeug.wrappers import Response as Answer

from ollascope.reports.words import Language
from ollascope.web.language import TAGS, choose_language, language, read_language, speak
from ollascope.web.live.topic import Viewing

Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
LANGUAGE, THEME, EVERYTHING = "ollascope-language", "ollascope-theme", "ollascope-everything"
YEAR_S: Final = 365 * 86_400


def recognise(asked: Request, usual: Literal["auto", "en", "zh"]) -> None:
    """Speak the language that this viewer chose, or that is set, or that the browser asks for."""
    browsers = list(asked.accept_languages.values())
    chosen = read_language(asked.cookies.get(LANGUAGE))
    speak(chosen or (choose_language(browsers) if usual == "auto" else usual))
    theme = asked.cookies.get(THEME, "auto")
    g.theme = theme if theme in THEMES else "auto"
    g.everything = asked.cookies.get(EVERYTHING) == "1"


def viewing() -> Viewing:
    """What the viewer of this request wants counted."""
    return Viewing(everything=bool(g.everything))


def theme() -> Theme:
    """Light, dark, or as the system is."""
    return cast("Theme", g.theme)


def remember(answer: Answer, name: str, value: str) -> None:
    """Keep a choice for a year; nothing in the page reads it."""
    answer.set_cookie(name, value, max_age=YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure, path="/")


def change(answer: Response, name: str, value: str) -> bool:
    """Remember one of the choices there are; false for anything else."""
    known: dict[str, tuple[str, ...]] = {"language": ("en", "zh"), "theme": THEMES, "everything": ("0", "1")}
    cookies = {"language": LANGUAGE, "theme": THEME, "everything": EVERYTHING}
    if value not in known.get(name, ()):
        return False
    remember(answer, cookies[name], value)
    return True


def language_tag() -> str:
    """The language of this answer as HTML and HTTP write it."""
    spoken: Language = language()
    return TAGS[spoken]
