"""What outlives the process."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from ollascope.monitor.alerts.keeping import ALARMS, HISTORY, Keeping, save_value
from ollascope.monitor.alerts.silences import Silence
from ollascope.monitor.alerts.state import Alarms, key_of
from ollascope.monitor.alerts.step import step
from ollascope.words.errors import StorageTrouble
from tests.monitor.alerts.held import NOW, alarms, condition, firing

WRITER = """
import sys
from pathlib import Path
from ollascope.monitor.alerts.keeping import Keeping
from ollascope.monitor.alerts.state import Alarms
from ollascope.monitor.alerts.step import step
from ollascope.words.alerts import AlertKind, Condition

keeping, alarms, now = Keeping(Path(sys.argv[1])), Alarms(), float(sys.argv[2])
waits = [Condition(name=f"slow{n}", kind=AlertKind.THRESHOLD, active=True, for_s=60.0, reason="x" * 2000)
         for n in range(50)]
while True:
    alarms = step(alarms, waits, now).alarms
    keeping.keep(alarms)
    print("kept", flush=True)
"""


def test_nothing_kept_is_nothing_known(tmp_path):
    keeping = Keeping(tmp_path / "none")
    assert (keeping.alarms(), keeping.silences(NOW), keeping.history(10)) == (Alarms(), (), [])


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"held":{"a":{"id":1}}}', b"\xff\xfe", b"null"])
def test_damaged_file_begins_anew(tmp_path, damage):
    (tmp_path / ALARMS).write_bytes(damage)
    assert Keeping(tmp_path).alarms() == Alarms()


def test_alarms_come_back_as_they_were(tmp_path):
    found = alarms(firing(labels={"model": "模型"}), replace(firing("hot"), standing="pending"), sent=(NOW,))
    Keeping(tmp_path).keep(found)
    assert Keeping(tmp_path).alarms() == found


def test_what_another_version_wrote_is_kept(tmp_path):
    (tmp_path / ALARMS).write_text('{"version":2,"new":[1],"held":{}}')
    keeping = Keeping(tmp_path)
    keeping.keep(keeping.alarms())
    assert '"new":[1]' in (tmp_path / ALARMS).read_text()


def test_killed_while_pending_it_still_fires_in_time(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(NOW)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)  # most likely in the middle of writing
    found = Keeping(tmp_path).alarms()
    assert {held.standing for held in found.held.values()} == {"pending"}
    assert len(found.held) == 50
    patient = condition(name="slow7", for_s=60.0)
    assert step(found, [patient], NOW + 59).events == ()
    (event,) = step(found, [patient], NOW + 60).events
    assert (event.since, event.fired_at) == (NOW, NOW + 60)


def test_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageTrouble):
        save_value(tmp_path / "file" / "x", Alarms())


def test_history_is_told_in_order_and_cut(tmp_path):
    keeping = Keeping(tmp_path)
    for number in range(50):
        keeping.remember([firing(f"a{number}")], most=10)
    assert [held.name for held in keeping.history(3)] == ["a47", "a48", "a49"]
    assert len((tmp_path / HISTORY).read_text().splitlines()) <= 21


def test_torn_line_of_the_history_is_left_out(tmp_path):
    keeping = Keeping(tmp_path)
    keeping.remember([firing("a")], most=10)
    with (tmp_path / HISTORY).open("a") as file:
        file.write('{"id":"x","na\n')
    keeping.remember([firing("b")], most=10)
    assert [held.name for held in keeping.history(9)] == ["a", "b"]


def test_silence_that_is_over_is_forgotten(tmp_path):
    keeping = Keeping(tmp_path)
    keeping.keep_silences([Silence(id="1", since=NOW, until=NOW + 10, match={"name": "*"})])
    assert [each.id for each in keeping.silences(NOW + 9)] == ["1"]
    assert keeping.silences(NOW + 10) == ()


def test_files_are_for_their_owner_alone(tmp_path):
    keeping = Keeping(tmp_path / "alerts")
    keeping.keep(alarms(firing()))
    keeping.remember([firing()], most=10)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "alerts").iterdir()} == {0o600}
    assert key_of("a", {"b": "1", "a": "2"}) == "a\na=2\nb=1"
