"""Crooked answers as data: what an upstream server sends, which verdict it must get with which bytes, and why."""
# ruff: noqa: E501 - a row is a line

from collections.abc import Callable, Iterator
from dataclasses import dataclass

LINE, HEAD, HEADERS, TRAILER = 4096, 16_384, 50, 1024  # the limits that the table is written for
BLOCK = b"a" * 65_536

Script = bytes | tuple[bytes | float, ...] | Callable[[], Iterator[bytes]]  # a float is a pause in seconds
KEEP, CLOSE, RESET = "keep", "close", "reset"  # what the server does when it has sent everything


@dataclass(frozen=True, slots=True, kw_only=True)
class CrookedAnswer:
    """One row. Verdict: the status, if a head was handed over, then `reused` or `dropped` (a whole answer) or the error's name."""

    id: str
    script: Script
    verdict: str
    body: bytes
    why: str
    end: str
    method: str
    hasty: bool


def answer(*lines: bytes, body: bytes = b"", first: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join((first, *lines, b"", body))


def chunked(body: bytes, *lines: bytes) -> bytes:
    return answer(b"Transfer-Encoding: chunked", *lines, body=body)


def flood(start: bytes, block: bytes = BLOCK, blocks: int = 320) -> Callable[[], Iterator[bytes]]:
    """About 20 MB, made while it is sent."""

    def blocks_of_it() -> Iterator[bytes]:
        yield start
        for _ in range(blocks):
            yield block

    return blocks_of_it


def drip(data: bytes) -> tuple[bytes | float, ...]:
    return tuple(part for byte in data for part in (bytes((byte,)), 0.0))


ROWS: list[CrookedAnswer] = []
LENGTH = b"Content-Length: 5"
CHUNKED = b"Transfer-Encoding: chunked"
FIVE = b"5\r\nhello\r\n0\r\n\r\n"
GOOD = answer(LENGTH, body=b"hello")
POISON = answer(b"Content-Length: 6", body=b"SECRET")
MALFORMED, CUT, LATE = "AnswerMalformed", "ConnectionCut", "TimedOut"


def row(
    id: str,  # noqa: A002
    script: Script,
    verdict: str,
    why: str,
    *,
    body: bytes = b"",
    end: str = KEEP,
    method: str = "GET",
    hasty: bool = False,
) -> None:
    ROWS.append(
        CrookedAnswer(id=id, script=script, verdict=verdict, body=body, why=why, end=end, method=method, hasty=hasty)
    )


def good(
    id: str,  # noqa: A002
    script: Script,
    verdict: str,
    why: str,
    *,
    end: str = KEEP,
    body: bytes = b"hello",
    method: str = "GET",
) -> None:
    """A whole answer."""
    row(id, script, verdict, why, body=body, end=end, method=method)


# fmt: off
# ---- straight ones ----
good("plain", GOOD, "200 reused", "the simplest answer")
good("chunked", chunked(FIVE), "200 reused", "the simplest chunked answer")
good("chunks", chunked(b"1;x=y\r\nh\r\n4\r\nello\r\n00\r\n\r\n"), "200 reused", "extensions and zeros are allowed")
good("byte-by-byte", drip(GOOD), "200 reused", "how the bytes are cut must not matter")
good("byte-by-byte-chunked", drip(chunked(b"2\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n")), "200 reused", "nor inside chunks")
good("empty", answer(b"Content-Length: 0"), "200 reused", "an empty body", body=b"")
good("empty-chunked", chunked(b"0\r\n\r\n"), "200 reused", "an empty body", body=b"")
good("no-reason", answer(LENGTH, first=b"HTTP/1.1 200 ", body=b"hello"), "200 reused", "the reason may be empty")
good("no-reason-no-space", answer(LENGTH, first=b"HTTP/1.1 200", body=b"hello"), "200 reused", "many servers leave out the space")
good("reason-latin", answer(LENGTH, first=b"HTTP/1.1 200 \xe9t\xe9", body=b"hello"), "200 reused", "the reason is opaque")
good("status-odd", answer(LENGTH, first=b"HTTP/1.1 299 Odd", body=b"hello"), "299 reused", "a status nobody defined")
good("error-500", answer(LENGTH, first=b"HTTP/1.1 500 Oh", body=b"hello"), "500 reused", "an error is an answer")
good("close-asked", answer(LENGTH, b"Connection: close", body=b"hello"), "200 dropped", "the server wants to close", end=CLOSE)
good("close-asked-not-done", answer(LENGTH, b"Connection: close", body=b"hello"), "200 dropped", "nor may it be used when the server forgets to")
good("close-asked-in-list", answer(LENGTH, b"Connection: x, Close", body=b"hello"), "200 dropped", "one word of the list is enough")
good("close-not-announced", GOOD, "200 dropped", "closed while it waits for reuse", end=CLOSE)
good("reset-after", GOOD, "200 dropped", "reset while it waits for reuse", end=RESET)
good("1.0", answer(LENGTH, first=b"HTTP/1.0 200 OK", body=b"hello"), "200 dropped", "1.0 closes", end=CLOSE)
good("1.0-keep-alive", answer(LENGTH, b"Connection: keep-alive", first=b"HTTP/1.0 200 OK", body=b"hello"), "200 reused", "1.0 may stay")
good("1.0-by-close", answer(first=b"HTTP/1.0 200 OK", body=b"hello"), "200 dropped", "the end of the connection is the end of the body", end=CLOSE)
good("by-close", answer(body=b"hello"), "200 dropped", "the end of the connection is the end of the body", end=CLOSE)
good("by-close-in-pieces", (answer(body=b"he"), 0.02, b"ll", 0.02, b"o"), "200 dropped", "the end of the connection is the end of the body", end=CLOSE)
good("by-close-empty", answer(), "200 dropped", "the end of the connection is the end of the body", end=CLOSE, body=b"")
good("by-close-looks-like-an-answer", answer(body=POISON), "200 dropped", "without a length everything is the body", end=CLOSE, body=POISON)
good("headers-repeated", answer(LENGTH, b"Set-Cookie: a", b"Set-Cookie: b", body=b"hello"), "200 reused", "most headers may repeat")
good("value-latin", answer(LENGTH, b"X: caf\xe9", body=b"hello"), "200 reused", "bytes above 127 are allowed in values")
good("length-zeros", answer(b"Content-Length: 005", body=b"hello"), "200 reused", "leading zeros are digits")
good("body-like-a-head", answer(b"Content-Length: 38", body=b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"), "200 reused", "a body is opaque", body=b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
good("keep-alive-header", answer(LENGTH, b"Keep-Alive: timeout=5, max=100", body=b"hello"), "200 reused", "a hint")
good("upgrade-offered", answer(LENGTH, b"Upgrade: h2c", b"Connection: Upgrade", body=b"hello"), "200 reused", "an offer is no switch; httptools would stop reading here")
good("upgrade-required", answer(LENGTH, b"Upgrade: TLS/1.3", b"Connection: Upgrade", first=b"HTTP/1.1 426 Upgrade Required", body=b"hello"), "426 reused", "an answer like any other")

# ---- answers without a body ----
good("head-with-length", answer(LENGTH), "200 reused", "the length announces nothing: the next answer must not be eaten", method="HEAD", body=b"")
good("head-chunked", answer(CHUNKED), "200 reused", "nor does a coding", method="HEAD", body=b"")
good("head-bare", answer(), "200 reused", "nor does their absence", method="HEAD", body=b"")
good("head-then-close", answer(LENGTH, b"Connection: close"), "200 dropped", "the server wants to close", method="HEAD", body=b"", end=CLOSE)
good("head-with-body", GOOD, "200 dropped", "bytes after the end: the connection is not trusted", method="HEAD", body=b"")
good("head-with-body-later", (answer(LENGTH), 0.02, b"hello"), "200 dropped", "bytes while nobody asked", method="HEAD", body=b"")
good("204", answer(first=b"HTTP/1.1 204 No Content"), "204 reused", "no body by its status", body=b"")
good("204-length-zero", answer(b"Content-Length: 0", first=b"HTTP/1.1 204 No Content"), "204 dropped", "a length where none may be: whoever writes it may also send a body", body=b"")
good("204-with-body", answer(LENGTH, first=b"HTTP/1.1 204 No Content", body=b"hello"), "204 dropped", "bytes after the end", body=b"")
good("204-with-body-later", (answer(LENGTH, first=b"HTTP/1.1 204 No Content"), 0.02, b"hello"), "204 dropped", "a length that lies", body=b"")
good("204-chunked", answer(CHUNKED, first=b"HTTP/1.1 204 No Content", body=FIVE), "204 dropped", "bytes after the end", body=b"")
good("304-with-length", answer(LENGTH, first=b"HTTP/1.1 304 Not Modified"), "304 reused", "the length is that of what was not sent", body=b"")
good("304-with-body", answer(LENGTH, first=b"HTTP/1.1 304 Not Modified", body=b"hello"), "304 dropped", "bytes after the end", body=b"")
good("304-with-answer", answer(LENGTH, first=b"HTTP/1.1 304 Not Modified", body=POISON), "304 dropped", "a second answer behind it", body=b"")

# ---- interim answers ----
for status in (b"100 Continue", b"102 Processing", b"103 Early Hints", b"199 Odd"):
    good(f"interim-{status[:3].decode()}", answer(b"Link: </a>", first=b"HTTP/1.1 " + status) + GOOD, "200 reused", "skipped")
good("interim-apart", (answer(first=b"HTTP/1.1 100 Continue"), 0.02, answer(first=b"HTTP/1.1 103 Early Hints"), 0.02, GOOD), "200 reused", "a message-complete of its own must not end the request")
good("interim-with-length", answer(LENGTH, first=b"HTTP/1.1 103 Early Hints") + GOOD, "200 reused", "an interim answer has no body whatever it says")
good("interim-with-close", answer(b"Connection: close", first=b"HTTP/1.1 100 Continue") + GOOD, "200 reused", "only the final answer speaks of the connection")
good("interim-byte-by-byte", drip(answer(first=b"HTTP/1.1 103 X") + GOOD), "200 reused", "how the bytes are cut must not matter")
row("interim-only-then-close", answer(first=b"HTTP/1.1 100 Continue"), CUT, "the final answer is missing", end=CLOSE)
row("interim-only", answer(first=b"HTTP/1.1 100 Continue"), LATE, "the final answer is missing", hasty=True)
row("interim-endless", flood(answer(first=b"HTTP/1.1 103 X"), answer(first=b"HTTP/1.1 103 X") * 1000), MALFORMED, "interim answers without end")
good("interim-after", GOOD + answer(first=b"HTTP/1.1 100 Continue"), "200 dropped", "nobody asked for more")
good("interim-after-later", (GOOD, 0.02, answer(first=b"HTTP/1.1 100 Continue")), "200 dropped", "nobody asked for more")
row("101", answer(b"Upgrade: websocket", b"Connection: Upgrade", first=b"HTTP/1.1 101 Switching Protocols"), MALFORMED, "a switch nobody asked for")
row("101-with-answer", answer(b"Upgrade: h2c", b"Connection: Upgrade", first=b"HTTP/1.1 101 Switching Protocols") + GOOD, MALFORMED, "a switch nobody asked for")
row("101-bare", answer(first=b"HTTP/1.1 101 Switching Protocols") + GOOD, MALFORMED, "a switch nobody asked for")

# ---- more than was asked for: the answer counts, its connection does not ----
EXTRA = "what comes after the end would be the next person's answer"
good("second-answer", GOOD + POISON, "200 dropped", EXTRA)
good("second-answer-later", (GOOD, 0.02, POISON), "200 dropped", EXTRA)
good("second-answer-after-chunked", chunked(FIVE) + POISON, "200 dropped", EXTRA)
good("second-answer-after-chunked-later", (chunked(FIVE), 0.02, POISON), "200 dropped", EXTRA)
good("second-answer-after-head", answer(LENGTH) + POISON, "200 dropped", EXTRA, method="HEAD", body=b"")
good("second-answer-after-204", answer(first=b"HTTP/1.1 204 X") + POISON, "204 dropped", EXTRA, body=b"")
good("second-answer-after-304", answer(LENGTH, first=b"HTTP/1.1 304 X") + POISON, "304 dropped", EXTRA, body=b"")
good("second-answer-after-empty", answer(b"Content-Length: 0") + POISON, "200 dropped", EXTRA, body=b"")
good("second-answer-half", GOOD + POISON[:20], "200 dropped", EXTRA)
good("second-answer-one-byte", GOOD + b"H", "200 dropped", EXTRA)
good("408-while-idle", (GOOD, 0.02, answer(b"Content-Length: 0", b"Connection: close", first=b"HTTP/1.1 408 Request Timeout")), "200 dropped", "servers say so before they close", end=CLOSE)
good("blank-line-after", GOOD + b"\r\n", "200 dropped", EXTRA)
good("nul-after", GOOD + b"\0", "200 dropped", EXTRA)
good("length-too-short", answer(LENGTH, body=b"hello world"), "200 dropped", "the length is obeyed, the rest is not")
good("length-too-short-later", (GOOD, 0.02, b" world"), "200 dropped", "the length is obeyed, the rest is not")
good("length-zero-with-body", answer(b"Content-Length: 0", body=b"hello"), "200 dropped", "the length is obeyed, the rest is not", body=b"")
good("chunks-after-last", chunked(FIVE + FIVE), "200 dropped", "the end is the end")

# ---- lengths and codings ----
row("length-too-long", answer(b"Content-Length: 9", body=b"hello"), f"200 {CUT}", "a part is never the whole", body=b"hello", end=CLOSE)
row("length-too-long-waiting", answer(b"Content-Length: 9", body=b"hello"), f"200 {LATE}", "a part is never the whole", body=b"hello", hasty=True)
for name, value in (
    ("negative", b"-5"), ("plus", b"+5"), ("word", b"five"), ("hex", b"0x5"), ("list", b"5, 5"), ("empty", b""), ("point", b"5.0"),
    ("wide", "５".encode()), ("of-64-bits", b"18446744073709551621"), ("nul", b"5\0"), ("superscript", b"\xb2"), ("space-inside", b"5 5"),
):
    row(f"length-{name}", answer(b"Content-Length: " + value, body=b"hello"), MALFORMED, "not a number of bytes")
row("two-lengths", answer(LENGTH, b"Content-Length: 6", body=b"hello"), MALFORMED, "two ends")
row("two-lengths-alike", answer(LENGTH, LENGTH, body=b"hello"), MALFORMED, "whoever writes it twice may mean two things")
row("length-and-chunked", answer(LENGTH, CHUNKED, body=FIVE), MALFORMED, "two ends")
row("chunked-and-length", answer(CHUNKED, LENGTH, body=FIVE), MALFORMED, "two ends")
row("chunked-in-1.0", answer(CHUNKED, first=b"HTTP/1.0 200 OK", body=FIVE), MALFORMED, "1.0 has no codings", end=CLOSE)
for name, coding in (
    ("gzip-chunked", b"gzip, chunked"), ("gzip", b"gzip"), ("chunked-gzip", b"chunked, gzip"), ("identity", b"identity"),
    ("twice", b"chunked, chunked"), ("xchunked", b"xchunked"), ("empty", b""), ("vertical-tab", b"\x0bchunked"),
):
    row(f"coding-{name}", answer(b"Transfer-Encoding: " + coding, body=FIVE), MALFORMED, "a coding that is not understood", end=CLOSE)
row("coding-two-lines", answer(CHUNKED, CHUNKED, body=FIVE), MALFORMED, "two codings")
row("coding-folded", answer(b"Transfer-Encoding:", b" chunked", body=FIVE), MALFORMED, "a folded line")

# ---- chunks ----
for name, body in (
    ("word", b"zz\r\n"), ("negative", b"-5\r\nhello\r\n0\r\n\r\n"), ("prefix", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("space-first", b" 5\r\nhello\r\n0\r\n\r\n"), ("space-last", b"5 \r\nhello\r\n0\r\n\r\n"), ("empty", b"\r\nhello\r\n0\r\n\r\n"),
    ("bare-lf", b"5\nhello\n0\n\n"), ("over-64-bits", b"10000000000000005\r\nhello\r\n0\r\n\r\n"), ("nul", b"5\0\r\nhello\r\n0\r\n\r\n"),
):
    row(f"chunk-size-{name}", chunked(body), f"200 {MALFORMED}", "not a chunk size")
row("chunk-second-bad", chunked(b"5\r\nhello\r\nzz\r\n"), f"200 {MALFORMED}", "what was good was handed over", body=b"hello")
row("chunk-without-line-end", chunked(b"5\r\nhello0\r\n\r\n"), f"200 {MALFORMED}", "no line end after the bytes")
row("chunk-longer-than-size", chunked(b"3\r\nhello\r\n0\r\n\r\n"), f"200 {MALFORMED}", "no line end after the bytes")
row("chunk-extension-20-mb", flood(chunked(b"5;")), f"200 {MALFORMED}", "an endless line in bounded memory")
row("chunk-extension-bare-lf", chunked(b"5;\n\r\nhello\r\n0\r\n\r\n"), f"200 {MALFORMED}", "a bare LF")
row("chunk-endless-zeros", flood(chunked(b""), b"0" * 65_536), f"200 {MALFORMED}", "an endless number in bounded memory")
row("chunk-too-long-then-close", chunked(b"9\r\nhello"), f"200 {CUT}", "a part is never the whole", body=b"hello", end=CLOSE)
row("chunk-of-64-bits", chunked(b"FFFFFFFFFFFFFFFF\r\nhello"), f"200 {CUT}", "large, not negative", body=b"hello", end=CLOSE)
row("chunk-last-missing", chunked(b"5\r\nhello\r\n"), f"200 {CUT}", "the end of a stream must be said", body=b"hello", end=CLOSE)
row("chunk-last-half", chunked(b"5\r\nhello\r\n0\r\n"), f"200 {CUT}", "the end of a stream must be said whole", body=b"hello", end=CLOSE)
row("chunk-last-missing-waiting", chunked(b"5\r\nhello\r\n"), f"200 {LATE}", "the end of a stream must be said", body=b"hello", hasty=True)

# ---- trailers come after the head was judged ----
good("trailers", chunked(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), "200 reused", "read and dropped")
good("trailer-length", chunked(b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n"), "200 reused", "a trailer has no power")
good("trailer-close", chunked(b"5\r\nhello\r\n0\r\nConnection: close\r\n\r\n"), "200 reused", "a trailer has no power")
good("trailer-cookie", chunked(b"5\r\nhello\r\n0\r\nSet-Cookie: a\r\nTransfer-Encoding: chunked\r\n\r\n"), "200 reused", "a trailer has no power")
good("trailers-then-answer", chunked(b"5\r\nhello\r\n0\r\nA: b\r\n\r\n") + POISON, "200 dropped", EXTRA)
for name, line in (
    ("without-colon", b"X"), ("empty-name", b": x"), ("folded", b"X: y\r\n z"), ("bare-lf", b"X: y\nZ: a"), ("nul", b"X: \0"),
    ("space-before-colon", b"X : y"),
):
    row(f"trailer-{name}", chunked(b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n"), f"200 {MALFORMED}", "not a header line")
row("trailers-too-long", chunked(b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 400 + b"\r\n"), f"200 {MALFORMED}", "more than their limit")
row("trailers-20-mb", flood(chunked(b"0\r\n"), b"X-A: y\r\n" * 8192), f"200 {MALFORMED}", "endless trailers in bounded memory")

# ---- heads ----
LINES = "lines end in CR LF, and nowhere else are CR and LF allowed"
for name, lines in (
    ("lf-everywhere", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"), ("lf-first", b"\n" + GOOD), ("blank-first", b"\r\n" + GOOD),
    ("lf-after-status", b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello"), ("cr-in-value", answer(LENGTH, b"X: a\rb", body=b"hello")),
    ("lf-in-value", answer(LENGTH, b"X: a\nSet-Cookie: b", body=b"hello")), ("lf-at-end", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello\r\n\r\n"),
    ("nul-in-value", answer(LENGTH, b"X: \0", body=b"hello")), ("escape-in-value", answer(LENGTH, b"X: \x1b[2J", body=b"hello")),
    ("delete-in-value", answer(LENGTH, b"X: \x7f", body=b"hello")), ("nul-in-reason", answer(LENGTH, first=b"HTTP/1.1 200 \0", body=b"hello")),
    ("fold", answer(LENGTH, b"X: a", b" b", body=b"hello")), ("space-before-first", answer(b" X: y", LENGTH, body=b"hello")),
    ("space-before-colon", answer(b"Content-Length : 5", body=b"hello")), ("no-colon", answer(b"X", LENGTH, body=b"hello")),
    ("name-empty", answer(b": x", LENGTH, body=b"hello")), ("name-space", answer(b"X Y: z", LENGTH, body=b"hello")),
    ("name-latin", answer(b"\xe9: z", LENGTH, body=b"hello")),
):
    row(f"head-{name}", lines, MALFORMED, LINES)
for name, first in (
    ("word", b"HELLO"), ("html", b"<html>hi</html>"), ("json", b'{"error": "no"}'), ("version-2", b"HTTP/2 200"), ("version-2.0", b"HTTP/2.0 200 OK"),
    ("version-1.2", b"HTTP/1.2 200 OK"), ("version-1.11", b"HTTP/1.11 200 OK"), ("version-0.9", b"HTTP/0.9 200 OK"),
    ("version-lower", b"http/1.1 200 OK"), ("icy", b"ICY 200 OK"), ("rtsp", b"RTSP/1.0 200 OK"), ("https", b"HTTPS/1.1 200 OK"),
    ("no-status", b"HTTP/1.1"), ("status-2-digits", b"HTTP/1.1 20 OK"), ("status-4-digits", b"HTTP/1.1 2000 OK"), ("status-word", b"HTTP/1.1 OK 200"),
    ("status-zero", b"HTTP/1.1 000 OK"), ("status-099", b"HTTP/1.1 099 OK"), ("status-600", b"HTTP/1.1 600 OK"), ("status-999", b"HTTP/1.1 999 OK"),
    ("status-minus", b"HTTP/1.1 -20 OK"), ("status-glued", b"HTTP/1.1 200OK"), ("two-spaces", b"HTTP/1.1  200 OK"), ("tab", b"HTTP/1.1\t200\tOK"),
    ("space-first", b" HTTP/1.1 200 OK"), ("request", b"GET / HTTP/1.1"), ("empty", b""), ("wide-digits", "HTTP/1.1 ２００ OK".encode()),
):
    row(f"first-{name}", answer(LENGTH, first=first, body=b"hello"), MALFORMED, "not the first line of an answer")
row("http-0.9", b"hello, this is the page\r\n", MALFORMED, "a body without a head", end=CLOSE)
row("greeting-smtp", b"220 a ESMTP\r\n", MALFORMED, "another protocol")
row("greeting-ssh", b"SSH-2.0-OpenSSH_9.6\r\n", MALFORMED, "another protocol")
row("greeting-redis", b"-ERR unknown command\r\n", MALFORMED, "another protocol")
row("alert-tls", bytes.fromhex("15030100020246"), MALFORMED, "TLS where none was asked for")
row("settings-h2", bytes.fromhex("000012040000000000000300000080000400010000"), MALFORMED, "HTTP/2 where none was asked for")
row("zeros", bytes(100), MALFORMED, "no answer")
row("garbage-behind-http", b"HTTX", MALFORMED, "known after four bytes")
row("garbage-behind-http-in-pieces", (b"H", 0.02, b"TT", 0.02, b"X"), MALFORMED, "known after four bytes, however they come")
row("garbage-slow", drip(b"HELLO, no line end ever comes"), MALFORMED, "the verdict must not depend on how bytes are cut")

# ---- too much ----
ENDLESS = "refused in bounded memory"
row("header-too-long", answer(LENGTH, b"X: " + b"a" * LINE, body=b"hello"), MALFORMED, "longer than a line may be")
row("headers-too-many", answer(LENGTH, *[b"X: y"] * HEADERS, body=b"hello"), MALFORMED, "more than allowed")
row("head-too-long", answer(LENGTH, *[b"X: " + b"a" * 1000] * 20, body=b"hello"), MALFORMED, "each line fits, the head does not")
row("header-20-mb", flood(b"HTTP/1.1 200 OK\r\nX: "), MALFORMED, ENDLESS)
row("headers-20-mb", flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10_000), MALFORMED, ENDLESS)
row("reason-20-mb", flood(b"HTTP/1.1 200 "), MALFORMED, ENDLESS)
row("blank-lines-20-mb", flood(b"", b"\r\n" * 32_768), MALFORMED, ENDLESS)
row("nul-20-mb", flood(b"", b"\0" * 65_536), MALFORMED, ENDLESS)
row("body-over-limit", flood(answer(), BLOCK, 40), "200 TooLarge", "an answer that is read whole has a limit")
row("body-over-limit-chunked", flood(chunked(b""), b"10000\r\n" + BLOCK + b"\r\n", 40), "200 TooLarge", "an answer that is read whole has a limit")
row("body-over-limit-length", flood(answer(b"Content-Length: 20971520")), "200 TooLarge", "an answer that is read whole has a limit")

# ---- silence, leaving and resets in every phase ----
row("nothing", b"", LATE, "no word", hasty=True)
row("nothing-close", b"", CUT, "left instead of an answer", end=CLOSE)
row("nothing-reset", b"", CUT, "reset instead of an answer", end=RESET)
row("status-close", b"HTTP/1.1 200", CUT, "left inside the first line", end=CLOSE)
row("status-reset", b"HTTP/1.1 200", CUT, "reset inside the first line", end=RESET)
row("status-silence", b"HTTP/1.1 200", LATE, "silent inside the first line", hasty=True)
row("head-close", b"HTTP/1.1 200 OK\r\nContent-Le", CUT, "left inside the head", end=CLOSE)
row("head-reset", b"HTTP/1.1 200 OK\r\nContent-Le", CUT, "reset inside the head", end=RESET)
row("head-silence", b"HTTP/1.1 200 OK\r\nContent-Le", LATE, "silent inside the head", hasty=True)
row("head-drip", (*drip(b"HTTP/1.1 200 OK\r\n"), *(part for _ in range(40) for part in (b"X: y\r\n", 0.05))), LATE, "a head that never ends is late however busy it is", hasty=True)
row("body-reset", answer(b"Content-Length: 9", body=b"hello"), f"200 {CUT}", "reset inside the body", end=RESET, body=b"hello")
row("body-silence", answer(b"Content-Length: 9"), f"200 {LATE}", "silent before the body", hasty=True)
row("chunk-reset", chunked(b"5\r\nhello\r\n"), f"200 {CUT}", "reset between chunks", end=RESET, body=b"hello")
row("by-close-reset", (answer(body=b"hello"), 0.02), f"200 {CUT}", "a reset is no end of a body", end=RESET, body=b"hello")
row("by-close-silence", answer(body=b"hello"), f"200 {LATE}", "silent inside a body without end", hasty=True, body=b"hello")
row("interim-reset", answer(first=b"HTTP/1.1 100 Continue"), CUT, "reset after an interim answer", end=RESET)
