"""`ollascope version` tells what is running."""

import json
import platform

from ollascope import __version__
from ollascope.cli import run


def test_version_tells_version_commit_and_platform(capsys):
    assert run(["version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"ollascope {__version__} (commit ")
    assert second == f"Python {platform.python_version()} on {platform.platform()}"


def test_version_as_json(capsys):
    assert run(["version", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"version", "commit", "python", "platform"}
