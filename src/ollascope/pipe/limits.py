"""How much and how long: every bound the pipe keeps, as settings."""

from dataclasses import dataclass

from ollascope.words.setting import setting, subsection


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bounds in bytes (`headers` is a count)."""

    line: int = setting(8192, "longest request line, header line and sum of chunk extensions", minimum=64)
    head: int = setting(32_768, "longest head of a request or an answer", minimum=128)
    headers: int = setting(100, "most header lines in a head", minimum=1)
    body: int = setting(67_108_864, "longest body of a request, and of an answer that is read whole", minimum=0)
    pipelined: int = setting(65_536, "most bytes kept while an earlier answer still runs", minimum=0)
    buffer: int = setting(65_536, "most bytes waiting on one side before the other side is paused", minimum=1024)
    trailer: int = setting(8192, "most bytes of trailers after a chunked body; they are dropped", minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Bounds in seconds; 0 means none."""

    connect: float = setting(5.0, "connecting to a server, TLS included", minimum=0)
    head: float = setting(
        10.0, "until a head is complete: a request's on the server, an answer's on the client", minimum=0
    )
    body: float = setting(60.0, "until the body of a request is complete", minimum=0)
    idle: float = setting(
        75.0, "a quiet kept-alive connection on the server, silence inside an answer on the client", minimum=0
    )
    kept: float = setting(30.0, "an unused connection to a server is kept for reuse", minimum=0)
    write: float = setting(30.0, "while the other side takes nothing of what is written", minimum=0)
    whole: float = setting(3600.0, "one exchange from the request to the end of the answer", minimum=0)
    drain: float = setting(10.0, "running answers may finish when the server stops", minimum=0)
    linger: float = setting(2.0, "a refused sender is read from and ignored, so that it sees the refusal", minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Everything the pipe bounds, for a server or a client."""

    sizes: Sizes = subsection(Sizes, "bounds in bytes")
    waits: Waits = subsection(Waits, "bounds in seconds")
    connections: int = setting(2048, "most connections open at once", minimum=1)
    requests: int = setting(10_000, "most requests on one connection", minimum=1)
