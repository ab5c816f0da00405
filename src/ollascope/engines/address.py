"""The address of a server: what requests go to, and what may be shown of it."""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from ollascope.words.errors import BadSettings

PORTS: Final = {"http": 80, "https": 443}
FORM: Final = "write it as http://HOST:PORT, such as http://127.0.0.1:11434"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server's address without credentials; these are the value of a header, if there were any."""

    url: str
    authorization: str | None = field(default=None, repr=False)


def read_address(text: str) -> Address:
    """An address as people write it: the scheme may be left out, user and password may stand in it."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError as error:
        raise _wrong(text, str(error)) from error
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise _wrong(text, f"{scheme}:// is not spoken here")
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise _wrong(text, "there is a blank or an unprintable letter in it")
    if not (host := parts.hostname):
        raise _wrong(text, "there is no host in it")
    if parts.query or parts.fragment:
        raise _wrong(text, "it has more than a path behind the host")
    place = f"[{host}]" if ":" in host else host
    shown = place if port in {None, PORTS[scheme]} else f"{place}:{port}"
    return Address(url=f"{scheme}://{shown}{parts.path.rstrip('/')}", authorization=_authorization(parts))


def bare(url: str) -> str:
    """An address of the OpenAI API without the /v1 that people copy along with it."""
    return url.rstrip("/").removesuffix("/v1")


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _wrong(text: str, why: str) -> BadSettings:
    shown = text.rpartition("@")[2]  # whatever stands before it may be a password
    return BadSettings(f"{shown!r} is no address of a server: {why.rpartition('@')[2]}", hint=FORM)
