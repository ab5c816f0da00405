"""A fake server in a process of its own, whose truth the client's figures are held against."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from types import TracebackType
from typing import Any, Self


class Server:
    """`ollascope fake` on a free port, with room for everybody."""

    def __init__(self, *, ttft_s: float, gap_s: float, streams: int) -> None:
        self._data = tempfile.TemporaryDirectory()
        wanted = {"serve.connections": streams + 200, "fake.truth.requests": 50_000}
        options = [f"--set={key}={value}" for key, value in wanted.items()]
        timing = ["--ttft", str(ttft_s), "--gap", str(gap_s)]
        command = [sys.executable, "-P", "-m", "ollascope", f"--data={self._data.name}", *options, "fake", "--json"]
        self._process = subprocess.Popen([*command, "--port", "0", *timing], stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        self.url = str(json.loads("".join(iter(self._process.stdout.readline, "}\n")) + "}")["url"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)
        self._data.cleanup()

    def take_truths(self) -> dict[str, dict[str, Any]]:
        """What it really did, by the ids that the client gave; then it forgets."""
        with urllib.request.urlopen(f"{self.url}/fake/truth", timeout=60) as answer:
            truths = {one["label"]: one for one in json.load(answer)["requests"]}
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/fake/truth", method="DELETE"), timeout=60).close()
        return truths
