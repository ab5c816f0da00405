"""Exported Calls: one row each, safe for spreadsheets, and Parquet only where it can be."""

import csv
import io
from importlib.util import find_spec

import pytest

from ollascope.ledger.calls.export import columns, write_csv, write_parquet
from ollascope.words.call import Call
from ollascope.words.errors import PackageMissing
from ollascope.words.sample import Gpu, Sample


def rows(*calls, kind=Call):
    out = io.StringIO()
    count = write_csv(calls, kind, out)
    found = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert count == len(found)
    return found


def test_each_call_is_a_row_with_every_field(make_call):
    (row,) = rows(make_call(flags=("reloaded", "repaired"), gaps=((800, 2),), extra={"new": 1}))
    assert list(row) == list(columns(Call))
    assert (row["id"], row["end_s"], row["flags"], row["gaps"], row["extra"]) == (
        "call-000000", "1.0", "reloaded repaired", "[[800, 2]]", '{"new": 1}',
    )  # fmt: skip
    assert row["load_s"] == ""


def test_each_sample_is_a_row_with_what_is_many_as_json():
    (row,) = rows(Sample(at=1.5, cpu_core_ratios=(0.5, 1.0), gpus=(Gpu(index=0, name="a"),)), kind=Sample)
    assert list(row) == list(columns(Sample))
    assert (row["at"], row["cpu_core_ratios"], row["gpus"], row["load_1min"]) == (
        "1.5", "[0.5, 1.0]", '[{"index": 0, "name": "a"}]', "",
    )  # fmt: skip


def test_lines_quotes_and_commas_stay_in_their_cell(make_call):
    (row,) = rows(make_call(model='a,"b"\nc'))
    assert row["model"] == 'a,"b"\nc'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_put_behind_a_mark(make_call, text):
    (row,) = rows(make_call(model=text, due_s=-0.5))
    assert row["model"] == "'" + text
    assert row["due_s"] == "-0.5"


@pytest.mark.skipif(find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_its_package_is_told(make_call, tmp_path):
    with pytest.raises(PackageMissing, match="pyarrow"):
        write_parquet([make_call()], Call, tmp_path / "calls.parquet")


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")
def test_parquet_holds_what_was_recorded(make_call, tmp_path):
    from pyarrow import parquet  # noqa: PLC0415

    assert write_parquet([make_call(), make_call(stream=True)], Call, tmp_path / "calls.parquet") == 2
    table = parquet.read_table(tmp_path / "calls.parquet").to_pylist()
    assert [row["id"] for row in table] == ["call-000000", "call-000001"]
    assert table[1]["stream"] is True
    write_parquet([Sample(at=1.5, memory_total_bytes=2**40)], Sample, tmp_path / "samples.parquet")
    assert parquet.read_table(tmp_path / "samples.parquet").to_pylist()[0]["memory_total_bytes"] == 2**40
