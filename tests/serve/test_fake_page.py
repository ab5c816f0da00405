"""docs/fake.md tells the truth: its program runs, its tables are complete."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from ollascope.engines.fake.scripts import SCRIPTS
from ollascope.engines.fake.settings import FaultKind

PAGE = (Path(__file__).parents[2] / "docs" / "fake.md").read_text(encoding="utf-8")


def test_program_on_the_page_prints_what_the_page_says():
    [program] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    [printed] = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == printed


def test_every_script_and_every_failure_is_told():
    told = PAGE.replace("\\|", "|")
    assert [name for name in SCRIPTS if f"| `{name}` |" not in told and name] == []
    assert [kind for kind in get_args(FaultKind) if f"| `{kind}`" not in told and kind != "none"] == []
