"""Where Ollama is: by setting, at the usual address, by its process or its service; and what was found there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from ollascope.engines.ollama.service import (
    PORT,
    Run,
    find_processes,
    host_url,
    is_installed,
    listening_urls,
    read_environment,
    read_service,
    run,
)

How = Literal["setting", "default", "process", "systemd"]
Ask = Callable[[str], "Answer"]

USUAL: Final = f"http://127.0.0.1:{PORT}"
SETTING: Final = "engines.ollama.url (or OLLAMA_HOST)"
DOWNLOAD: Final = "https://ollama.com/download"
WORDS: Final = {
    "default": "the usual address is",
    "process": "a running Ollama listens at",
    "systemd": "its service is set to",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was heard at an address: the version of an Ollama, or what is wrong."""

    version: str | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One place to look at, and how it is known."""

    url: str
    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where Ollama is, or would be; what was seen on the way, as sentences; and what to do where none answers."""

    url: str
    how: How
    version: str | None = None
    said: tuple[str, ...] = ()
    hint: str = ""

    @property
    def answers(self) -> bool:
        return self.version is not None

    @property
    def text(self) -> str:
        return "; ".join(self.said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyor:
    """How to look: who asks an address, where /proc and /etc are, and who runs a program."""

    ask: Ask
    root: Path = field(default=Path("/"))
    run: Run = run


def find(given: str | None, surveyor: Surveyor, origin: str = SETTING) -> Found:
    """The Ollama to talk to; an address that was given is the only one looked at, `origin` says who gave it."""
    if given:
        return _given(host_url(given), surveyor, origin)
    said: list[str] = []
    for address in _addresses(surveyor):
        answer = surveyor.ask(address.url)
        if answer.version is not None:
            told = f"Ollama {answer.version} answers at {address.url}"
            how = f" ({WORDS[address.how]} it)" if address.how != "default" else ""
            return Found(url=address.url, how=address.how, version=answer.version, said=(*said, told + how))
        said.append(f"{WORDS[address.how]} {address.url}, where {answer.fault or 'nothing answers'}")
    return Found(url=USUAL, how="default", said=tuple(said), hint=_advice(surveyor))


def _given(url: str, surveyor: Surveyor, origin: str) -> Found:
    answer = surveyor.ask(url)
    if answer.version is not None:
        said = f"Ollama {answer.version} answers at {url}, as {origin} says"
        return Found(url=url, how="setting", version=answer.version, said=(said,))
    said = f"{origin} names {url}, where {answer.fault or 'nothing answers'}"
    return Found(url=url, how="setting", said=(said,), hint=f"start that server, or correct {origin}")


def _addresses(surveyor: Surveyor) -> Iterator[Address]:
    """Each address once; what costs more is looked at only when the ones before did not answer."""
    seen = {USUAL}
    yield Address(url=USUAL, how="default")
    for address in chain(_of_processes(surveyor), _of_service(surveyor)):
        if address.url not in seen:
            seen.add(address.url)
            yield address


def _of_processes(surveyor: Surveyor) -> Iterator[Address]:
    for process in find_processes(surveyor.root):
        if process.role == "server":
            host = (read_environment(surveyor.root, process) or {}).get("OLLAMA_HOST")
            for url in (*listening_urls(surveyor.root, process), *([host_url(host)] if host else [])):
                yield Address(url=url, how="process")


def _of_service(surveyor: Surveyor) -> Iterator[Address]:
    service = read_service(surveyor.root, surveyor.run)
    if service is not None and (host := service.environment.get("OLLAMA_HOST")):
        yield Address(url=host_url(host), how="systemd")


def _advice(surveyor: Surveyor) -> str:
    service = read_service(surveyor.root, surveyor.run)
    if service is not None and service.active is not True:
        return "start it: sudo systemctl start ollama"
    if service is not None:
        return "its service runs: `journalctl -u ollama -n 50` tells why it does not answer"
    if is_installed(surveyor.root):
        return "start it: ollama serve"
    return f"install it ({DOWNLOAD}), or name another server in engines.ollama.url"
