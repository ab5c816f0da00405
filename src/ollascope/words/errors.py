"""Everything that is expected to go wrong, as one tree of named errors with a hint each.

Trouble                     something expected went wrong; every other class is below it
├─ BadUsage                 what the person asked for makes no sense
├─ BadSettings              a settings file, variable or flag is wrong
├─ Unsupported              this platform or build cannot do it
├─ PackageMissing           an optional package is not installed
├─ VerdictNo                a gate or a verdict said no
├─ Interrupted              the person or a signal ended it
├─ StorageTrouble           a file or folder cannot be used
│  ├─ FolderUnusable        not there, not a folder, or not ours to write
│  ├─ DiskFull              no room left
│  └─ RecordInvalid         a stored record cannot be read
├─ NetworkTrouble           bytes did not travel
│  ├─ ConnectFailed         nothing answers at that address
│  ├─ ConnectionCut         the other side left in the middle
│  ├─ StaleConnection       a kept connection was closed before a byte was sent
│  ├─ TimedOut              a time limit ran out
│  ├─ AnswerMalformed       the answer breaks the protocol
│  │  └─ AnswerUnfinished   the answer stopped before its last part, whatever its status said
│  ├─ TooLarge              more bytes than the limit allows
│  └─ Cancelled             our own side gave the exchange up
├─ RequestRefused           a server heard the request and will not serve it
│  ├─ AccessDenied          no key, a wrong one, or one without this right
│  └─ RateLimited           more requests than this key or address may send
└─ ModelTrouble             a model or its server failed
   ├─ ModelMissing          no model of that name
   ├─ LoadFailed            the model could not be loaded
   ├─ InferenceFailed       the model failed while answering
   ├─ OutOfMemory           the model or its context does not fit
   ├─ QuantisationFailed    the weights could not be quantised
   ├─ ContextExceeded       prompt and answer are longer than the context
   ├─ EngineBusy            the queue of the model server is full
   └─ EngineCrashed         the model server ended in the middle

A class says what kind it is (stable `code`, HTTP `status`, `retryable`, `exit_code`); each raise names the thing and
gives a hint: what the person can do now. Whatever is not a Trouble is a bug and travels up.
"""

from collections.abc import Iterator
from typing import ClassVar


class Trouble(Exception):
    """Something expected went wrong."""

    code: ClassVar[str] = "failed"
    status: int = 500
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if status is not None:  # an API may answer this one case otherwise than its class
            self.status = status


class BadUsage(Trouble):
    """What the person asked for makes no sense."""

    code = "bad-usage"
    status = 400
    exit_code = 2


class BadSettings(Trouble):
    """A settings file, variable or flag is wrong."""

    code = "bad-settings"
    exit_code = 2


class Unsupported(Trouble):
    """This platform or build cannot do it."""

    code = "unsupported"
    status = 501


class PackageMissing(Trouble):
    """An optional package is not installed."""

    code = "package-missing"
    status = 501


class VerdictNo(Trouble):
    """A gate or a verdict said no."""

    code = "verdict-no"
    status = 409
    exit_code = 3


class Interrupted(Trouble):
    """The person or a signal ended it."""

    code = "interrupted"
    status = 503
    exit_code = 130


class StorageTrouble(Trouble):
    """A file or folder cannot be used."""

    code = "storage-failed"


class FolderUnusable(StorageTrouble):
    """A folder is not there, not a folder, or not ours to write."""

    code = "folder-unusable"


class DiskFull(StorageTrouble):
    """No room is left on the disk."""

    code = "disk-full"
    status = 507


class RecordInvalid(StorageTrouble):
    """A stored record cannot be read."""

    code = "record-invalid"


class NetworkTrouble(Trouble):
    """Bytes did not travel."""

    code = "network-failed"
    status = 502


class ConnectFailed(NetworkTrouble):
    """Nothing answers at that address."""

    code = "connect-failed"
    retryable = True


class ConnectionCut(NetworkTrouble):
    """The other side left in the middle."""

    code = "connection-cut"
    retryable = True


class StaleConnection(NetworkTrouble):
    """A kept connection was closed before a byte of the request was sent."""

    code = "stale-connection"
    retryable = True


class TimedOut(NetworkTrouble):
    """A time limit ran out."""

    code = "timeout"
    status = 504
    retryable = True


class AnswerMalformed(NetworkTrouble):
    """The answer breaks the protocol."""

    code = "answer-malformed"


class AnswerUnfinished(AnswerMalformed):
    """The answer stopped before its last part, whatever its status said."""

    code = "answer-unfinished"


class TooLarge(NetworkTrouble):
    """More bytes than the limit allows."""

    code = "too-large"
    status = 413


class Cancelled(NetworkTrouble):
    """Our own side gave the exchange up."""

    code = "cancelled"
    status = 499


class RequestRefused(Trouble):
    """A server heard the request and will not serve it."""

    code = "refused"
    status = 403


class AccessDenied(RequestRefused):
    """There is no key, a wrong one, or one without this right."""

    code = "access-denied"
    status = 401


class RateLimited(RequestRefused):
    """More requests than this key or address may send."""

    code = "rate-limited"
    status = 429
    retryable = True


class ModelTrouble(Trouble):
    """A model or its server failed."""

    code = "model-failed"


class ModelMissing(ModelTrouble):
    """There is no model of that name."""

    code = "model-missing"
    status = 404


class LoadFailed(ModelTrouble):
    """The model could not be loaded."""

    code = "load-failed"


class InferenceFailed(ModelTrouble):
    """The model failed while answering."""

    code = "inference-failed"


class OutOfMemory(ModelTrouble):
    """The model or its context does not fit."""

    code = "out-of-memory"
    status = 507


class QuantisationFailed(ModelTrouble):
    """The weights could not be quantised."""

    code = "quantisation-failed"


class ContextExceeded(ModelTrouble):
    """Prompt and answer are longer than the context."""

    code = "context-exceeded"
    status = 400


class EngineBusy(ModelTrouble):
    """The queue of the model server is full."""

    code = "engine-busy"
    status = 503
    retryable = True


class EngineCrashed(ModelTrouble):
    """The model server ended in the middle."""

    code = "engine-crashed"
    status = 502
    retryable = True


def every_error(root: type[Trouble] = Trouble) -> Iterator[type[Trouble]]:
    """The tree from `root` down, parents before children."""
    yield root
    for child in root.__subclasses__():
        yield from every_error(child)
