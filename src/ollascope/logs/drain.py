"""From the caller to the files without waiting: a bounded queue, a thread behind it, a count of what did not fit."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from ollascope.logs.form import KNOWN, REQUEST, RUN, Facts, Redact, facts_of, plain, trace_text

Put = Callable[[Sequence[Facts]], None]
AT_ONCE = 500
WORRY_S = 1.0


class Drain(logging.Handler):
    """Takes records on any thread at the cost of a few microseconds; one thread of its own writes them."""

    def __init__(self, put: Put, redact: Redact, most: int) -> None:
        super().__init__()
        self.dropped = 0
        self._lines: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        self._put = put
        self._redact = redact
        self._most = most
        self._told = 0
        self._thread = threading.Thread(target=self._run, name="log-drain", daemon=True)
        self._thread.start()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """What only the caller's thread knows is taken down here: the ids in force and the text of the message."""
        said: dict[str, object] = {
            name: plain(value) if name not in KNOWN else value for name, value in vars(record).items()
        }
        said |= {"msg": _message(record), "args": None, "exc_text": trace_text(record), "exc_info": None}
        said["request"] = said.get("request") or REQUEST.get()
        said["run"] = said.get("run") or RUN.get()
        if record.args and isinstance(record.msg, str):
            said["template"] = record.msg
        return logging.makeLogRecord(said)

    def emit(self, record: logging.LogRecord) -> None:
        """Drop the line rather than wait."""
        if self._lines.qsize() >= self._most:
            self.dropped += 1
            return
        self._lines.put(self.prepare(record))

    def stop(self) -> None:
        """Write what is waiting and end the thread."""
        self._lines.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            records, going = self._batch()
            facts = [facts_of(record, self._redact) for record in records]
            if self.dropped > self._told:
                facts.append(self._confession())
            if facts:
                self._put(facts)

    def _batch(self) -> tuple[list[logging.LogRecord], bool]:
        """What is there, at least one line; false when it was the end."""
        records: list[logging.LogRecord] = []
        try:
            while len(records) < AT_ONCE:
                record = self._lines.get(timeout=WORRY_S) if not records else self._lines.get_nowait()
                if record is None:
                    return records, False
                records.append(record)
        except queue.Empty:
            pass
        return records, True

    def _confession(self) -> Facts:
        count, self._told = self.dropped - self._told, self.dropped
        message = f"{count} log lines were dropped: they came faster than they could be written"
        record = logging.makeLogRecord({"name": "ollascope.logs", "levelno": logging.WARNING, "levelname": "WARNING",
                                        "msg": message, "dropped": count})  # fmt: skip
        return facts_of(record, self._redact)


def _message(record: logging.LogRecord) -> str:
    """A message whose arguments do not fit it is a mistake of the caller, and no reason to lose the line."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, LookupError, AttributeError, RuntimeError):
        return str(plain(record.msg))
