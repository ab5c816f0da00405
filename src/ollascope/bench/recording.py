"""A run's Calls stand in the ledger, too, with the source `bench`: one switch shows them beside all others."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from ollascope.bench.folder import CALLS
from ollascope.ledger.codec import decode_call
from ollascope.ledger.segment import Origin
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.processes.files import trouble, write_whole
from ollascope.words.call import Call
from ollascope.words.errors import RecordInvalid, StorageTrouble

LEDGER: Final = "ledger"
RECORDED: Final = "recorded"  # in the run's folder: when the last of its Calls was sent that the ledger has
BATCH: Final = 2_000


def record(folder: Path, data: Path, settings: Ledger) -> None:
    """Add the Calls of a run that has ended; those that were added before it was resumed are left out."""
    file = folder / RECORDED
    known = last = _known(file)
    with Writer(data / LEDGER, settings, Origin.here("bench")) as writer:
        rest = _calls(folder / CALLS, known)
        while calls := list(islice(rest, BATCH)):
            for call in calls:
                writer.call(call)
            last = max(last, calls[-1].sent_at)
            if not writer.flush():
                raise StorageTrouble(
                    f"the Calls of {folder.name} could not be added to {data / LEDGER}",
                    hint=f"they are in {folder / CALLS}; free space on that disk",
                )
    if last > known:
        write_whole(file, f"{last!r}\n".encode())


def _known(file: Path) -> float:
    try:
        return float(file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return float("-inf")
    except OSError as error:
        raise trouble(file, error) from error


def _calls(path: Path, after: float) -> Iterator[Call]:
    try:
        with path.open("rb") as lines:
            for line in lines:
                try:
                    call = decode_call(line)
                except RecordInvalid:
                    continue
                if call.sent_at > after:
                    yield call
    except FileNotFoundError:  # nothing was sent
        return
    except OSError as error:
        raise trouble(path, error) from error
