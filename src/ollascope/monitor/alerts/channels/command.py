"""A command of the person's own: the notice as JSON on its standard input, its title as the last argument."""

import json
import os
import signal
import subprocess

from ollascope.monitor.alerts.channels.webhook import body_of
from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Channel
from ollascope.words.errors import ConnectFailed, RequestRefused

PATIENCE_S = 30.0


def send_command(notice: Notice, channel: Channel, *, patience_s: float = PATIENCE_S) -> None:
    """Run it, never through a shell; what takes too long is ended with all it started."""
    data = json.dumps(body_of(notice), ensure_ascii=False).encode()
    try:
        process = subprocess.Popen(
            [*channel.command, notice.title.replace("\0", "")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise RequestRefused(f"{channel.name}: {channel.command[0]} cannot be started: {error.strerror}",
                            hint="name a program by its whole path") from error  # fmt: skip
    with process:
        try:
            process.communicate(data, timeout=patience_s)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise ConnectFailed(
                f"{channel.name}: did not end within {patience_s:g} s", hint="have it start what takes long, and end"
            ) from error
    if process.returncode:
        raise ConnectFailed(f"{channel.name}: ended with {process.returncode}", hint="run it by hand with some JSON")
