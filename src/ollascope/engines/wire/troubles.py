"""What goes wrong between a client and a server, each by its name and with what a person can do."""

import errno
import ssl
from typing import Final

from ollascope.words.errors import (
    AnswerMalformed,
    Cancelled,
    ConnectFailed,
    ConnectionCut,
    NetworkTrouble,
    StaleConnection,
    TimedOut,
    TooLarge,
)

SHOWN: Final = 200  # characters of foreign words that go into a message
ADDRESS_HINT: Final = "start the server, or correct its address: `ollascope settings show` says where it comes from"
SERVER_HINT: Final = "is this the address of a model server? `ollascope doctor` checks it"
AGAIN_HINT: Final = "ask again; if it stays, the server's log says why it left"


def cancelled() -> Cancelled:
    return Cancelled("the request was given up", hint="ask again")


def unknown_name(place: str, host: str) -> ConnectFailed:
    return ConnectFailed(f"no address is known for {host} ({place})", hint="correct the name, or check the name server")


def not_connected(place: str, error: OSError) -> ConnectFailed:
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        hint = "close some, or raise the limit: `ulimit -n` shows it"
        return ConnectFailed(f"no connection to {place}: too many files are open", hint=hint)
    why = {
        errno.ECONNREFUSED: "connection refused",
        errno.EHOSTUNREACH: "the host cannot be reached",
        errno.ENETUNREACH: "the network cannot be reached",
        errno.EACCES: "this machine forbids the connection",
    }.get(error.errno or 0, error.strerror or str(error))
    return ConnectFailed(f"nothing answers at {place}: {why}", hint=ADDRESS_HINT)


def not_secured(place: str, error: OSError) -> ConnectFailed:
    """The TLS handshake failed: an unknown certificate, or no TLS at all."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectFailed(
            f"the certificate of {place} is not trusted: {error.verify_message}",
            hint="name the file of its certificate authority in `ca_file`, or correct the host name",
        )
    if isinstance(error, ssl.SSLError):
        why = (error.reason or str(error)).replace("_", " ").lower()
        return ConnectFailed(f"{place} does not speak TLS as expected: {why}", hint="should it be http:// ?")
    return ConnectFailed(f"{place} left during the TLS handshake", hint="should it be http:// ?")


def late(place: str, what: str, seconds: float) -> TimedOut:
    hint = "is the server overloaded, or loading a large model? the settings `engines.patience` say how long to wait"
    return TimedOut(f"{place}: {what} within {seconds:g} s", hint=hint)


def left_without_answer(place: str, *, reused: bool) -> NetworkTrouble:
    """The server closed before a byte of its answer came."""
    if reused:
        return StaleConnection(f"{place} had closed the connection that was kept", hint="ask again")
    return ConnectionCut(f"{place} closed the connection without an answer", hint=AGAIN_HINT)


def cut(place: str, phase: str) -> ConnectionCut:
    return ConnectionCut(f"{place} cut the connection {phase}", hint=AGAIN_HINT)


def not_http(place: str, seen: str) -> AnswerMalformed:
    return AnswerMalformed(f"{place} does not answer in HTTP: {seen[:SHOWN]!r}", hint=SERVER_HINT)


def malformed(place: str, why: str) -> AnswerMalformed:
    return AnswerMalformed(f"the answer of {place} breaks HTTP: {why[:SHOWN]}", hint=SERVER_HINT)


def redirected(place: str, status: int, target: str) -> AnswerMalformed:
    return AnswerMalformed(
        f"{place} sends elsewhere ({status}): {target[:SHOWN] or 'it does not say where'}",
        hint="set the address to the one it names, if you trust it; redirects are not followed",
    )


def encoded(place: str, encoding: str) -> AnswerMalformed:
    return AnswerMalformed(
        f"{place} answers in the encoding {encoding[:SHOWN]!r}, which was not asked for",
        hint="turn compression off in the proxy before the model server: it would also hold streams back",
    )


def too_large(place: str, most: int) -> TooLarge:
    return TooLarge(f"the answer of {place} has more than {most} bytes", hint=SERVER_HINT)
