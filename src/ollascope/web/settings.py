"""Section `dashboard`: who may look at the pages, and how much at once."""

from dataclasses import dataclass
from typing import Literal

from ollascope.words.setting import Secret, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Who may look at the pages, and how much at once."""

    language: Literal["auto", "en", "zh"] = setting(
        "auto", "language of pages for who has not chosen one; auto is what the browser asks for"
    )
    password: Secret = setting(
        Secret(""), "password of the pages; empty is the one that `ollascope up --lan` made, if any"
    )
    password_on_loopback: bool = setting(False, "ask for the password on this machine too")
    hosts: tuple[str, ...] = setting(
        (), "names under which browsers may reach the pages, beside this machine's own: what a proxy in front is called"
    )
    read_only: bool = setting(False, "show everything and let nobody change anything from the browser")
    session_hours: float = setting(12.0, "ask for the password again after so many hours", minimum=0.1, maximum=720)
    threads: int = setting(72, "answers made at the same time", minimum=4, maximum=1000)
    streams: int = setting(
        56, "live pages that get events at the same time; further ones ask every few seconds instead",
        minimum=0, maximum=990,
    )  # fmt: skip
    body_kib: int = setting(1024, "largest request in KiB", minimum=16, maximum=1_048_576)
