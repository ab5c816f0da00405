"""Fuzzes the users of both parsers, guided by coverage (needs `pip install atheris`).

    python -m tests.pipe.fuzz.run requests 300      # seconds
    python -m tests.pipe.fuzz.run answers 300

What reaches something new is added to the kept corpus, which the ordinary tests replay. An input that breaks a promise
is printed and left in build/; once understood, it belongs into the table of crooked requests or answers.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.pipe.fuzz.corpus import LONGEST, read_corpus, seeds, write_corpus

WORDS = (
    "GET / HTTP/1.1\r\n",
    "POST ",
    "HEAD ",
    "OPTIONS *",
    "HTTP/1.0",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 204 X\r\n",
    "HTTP/1.1 103 X\r\n\r\n",
    "HTTP/1.1 101 X\r\n",
    "Host: a\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: Upgrade\r\n",
    "Upgrade: h2c\r\n",
    "Expect: 100-continue\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\nA: b\r\n\r\n",
    ";a=b",
    "\r\n\r\n",
    "\r\n",
    "\0",
    "FFFFFFFFFFFFFFFF",
    "http://a/",
    "?",
    "#",
)


def main() -> int:
    target, seconds = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as place:
        inputs, words = Path(place, "inputs"), Path(place, "words")
        inputs.mkdir()
        given = {*seeds(target), *read_corpus(target)}
        for number, one in enumerate(sorted(given)):
            (inputs / f"given-{number}").write_bytes(one)
        words.write_text("".join(f'"{quoted(word)}"\n' for word in WORDS))
        kept = Path("build")
        kept.mkdir(exist_ok=True)
        flags = [
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST}",
            f"-dict={words}",
            "-timeout=10",
            "-rss_limit_mb=600",
            f"-artifact_prefix={kept}/fuzz-{target}-",
        ]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.pipe.fuzz.guided", target, *flags, str(inputs)], check=False
        )
        found = {path.read_bytes() for path in inputs.iterdir() if not path.name.startswith("given-")}
    write_corpus(target, (found | set(read_corpus(target))) - set(seeds(target)))
    return ended.returncode


def quoted(word: str) -> str:
    """As a dictionary of libFuzzer wants it."""
    return "".join(
        letter if " " <= letter <= "~" and letter not in '"\\' else f"\\x{ord(letter):02x}" for letter in word
    )


if __name__ == "__main__":
    sys.exit(main())
