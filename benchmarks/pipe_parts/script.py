"""What is asked and what is answered in every measurement: the same bytes whoever serves, carries or reads them."""

from dataclasses import dataclass
from time import monotonic_ns

PIECE = (
    b'data: {"id":"chatcmpl-7f3a","object":"chat.completion.chunk","created":1700000000,"model":"mock",'
    b'"choices":[{"index":0,"delta":{"content":" streams"},"finish_reason":null}]}\n\n'
)
CHUNK = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
LAST = b"0\r\n\r\n"
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"date: Tue, 01 Jan 2030 00:00:00 GMT\r\ntransfer-encoding: chunked\r\n\r\n"
)
SHORT = b'{"model":"mock","created_at":"2030-01-01T00:00:00Z","response":"%s","done":true,"done_reason":"stop"}' % (
    b"a" * 99
)
SHORT_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(SHORT), SHORT)
)
BODY = (
    b'{"model":"mock","stream":true,"max_tokens":100,"messages":['
    b'{"role":"system","content":"You answer in one sentence."},'
    b'{"role":"user","content":"Why does a stream of small pieces cost more than its bytes?"}]}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One answer's timing: how long until the first piece, how many pieces, how far apart."""

    pieces: int
    ttft_ms: int
    gap_ms: int

    @property
    def path(self) -> str:
        return f"/stream/{self.pieces}/{self.ttft_ms}/{self.gap_ms}"


def read_plan(path: str) -> Plan:
    """The plan that a request's path names."""
    pieces, ttft, gap = path.split("/")[2:5]
    return Plan(pieces=int(pieces), ttft_ms=int(ttft), gap_ms=int(gap))


def ask(path: str, port: int, number: int = 0) -> bytes:
    """A request in bytes, as a small client library would send it; another number is another user with another text."""
    body = BODY + b" " * (number % 97)
    return (
        b"POST %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\naccept: */*\r\nuser-agent: pipe-benchmark/1\r\n"
        b"content-type: application/json\r\nauthorization: Bearer olk_%016x\r\ncontent-length: %d\r\n\r\n%s"
        % (path.encode(), port, number * 2654435761, len(body), body)
    )


def first_piece(asked_ns: int) -> bytes:
    """The first piece of an answer: it says when the request came and when this was written."""
    truth = b'data: {"asked":%d,"sent":%d,"pad":"' % (asked_ns, monotonic_ns())
    return truth + b"x" * (len(PIECE) - len(truth) - 4) + b'"}\n\n'


def chunk(piece: bytes) -> bytes:
    """A piece in the chunked coding."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)
