"""What all channels share: secrets kept in files, and why nobody could be reached, in words."""

import os
import socket
import ssl
from pathlib import Path

from ollascope.settings.files import LARGEST_SECRET, read
from ollascope.words.errors import BadSettings, RequestRefused

HINT = "check its address, and whether this machine reaches it"
LATER = "it is in trouble itself: look there, or wait"


def secret_of(path: Path) -> str:
    """The one line of a secret's file; read anew each time, so that it can be changed."""
    try:
        text = read(path, largest=LARGEST_SECRET).decode("utf-8").strip()
    except (BadSettings, UnicodeDecodeError) as error:
        why = error.message if isinstance(error, BadSettings) else "is not text"
        raise RequestRefused(f"the secret's file {path} {why}", hint="put the secret into it, on one line") from error
    if not text or any(letter < " " for letter in text):
        raise RequestRefused(f"the secret's file {path} does not hold one line", hint="put the secret into it")
    return text


def why_of(error: BaseException) -> str:
    """Why nobody was reached, without the address, which may be a secret."""
    cause: BaseException | None = error
    while cause is not None:
        if said := _said(cause):
            return said
        cause = cause.__cause__ or cause.__context__
    return "hangs up without an answer"


def _said(cause: BaseException) -> str:
    if isinstance(cause, socket.gaierror):
        return "its name is not known here"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(cause, ssl.SSLError):
        return "it does not speak TLS as it should"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and type(cause.errno) is int:
        return os.strerror(cause.errno).lower()
    return ""
