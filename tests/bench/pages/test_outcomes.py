"""What came of tests: only runs are reached by a name, several stand side by side, a quick look is told again."""

import orjson
import pytest

from ollascope.bench.pages.outcomes import delete, folder_of, model_of, quick_of, quick_report, result_in, side_by_side
from ollascope.bench.running.place import held
from ollascope.bench.shown import json_of
from ollascope.bench.shown.report import NO_PROOF
from ollascope.reports.parts import Text
from ollascope.words.errors import BadUsage, FolderUnusable
from tests.bench.shown.made import result, sweep


def keep(data, run, found=None):
    folder = data / "results" / run
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json_of(found or result(run=run)))
    return folder


@pytest.mark.parametrize("name", ["", ".", "..", "../ledger", ".started", "a/b", "a\n", "last", "/etc", "x" * 300])
def test_no_other_folder_is_reached(tmp_path, name):
    (tmp_path / "results" / ".started").mkdir(parents=True)
    (tmp_path / "ledger").mkdir()
    assert folder_of(tmp_path, name) is None


def test_link_is_no_run(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a").symlink_to(tmp_path / "elsewhere")
    assert folder_of(tmp_path, "a") is None


@pytest.mark.parametrize("runs", [[], ["a"], ["a", "a"], ["a", "missing"], ["a", "../b"], [str(n) for n in range(7)]])
def test_what_cannot_stand_side_by_side_is_refused(tmp_path, runs):
    keep(tmp_path, "a")
    with pytest.raises(BadUsage):
        side_by_side(tmp_path, runs, "en")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_warning_stands_apart_from_the_report(tmp_path, language):
    keep(tmp_path, "a")
    keep(tmp_path, "b", sweep())
    report, warning = side_by_side(tmp_path, ["a", "b"], language)
    assert (warning == NO_PROOF) == (language == "en")
    assert [part for part in report.parts if isinstance(part, Text) and warning in part.lines] == []


def test_empty_run_has_no_result(tmp_path):
    folder = tmp_path / "results" / "a"
    folder.mkdir(parents=True)
    assert result_in(folder) is None


def test_run_under_way_is_not_deleted(tmp_path):
    folder = keep(tmp_path, "a")
    with held(folder), pytest.raises(FolderUnusable):
        delete(folder)
    delete(folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"{", b'{"runs":[{"run":"../x"}]}', b'{"runs":[{"run":"gone"}]}', b'{"runs":1}']
)
def test_quick_look_that_left_nothing_is_none(tmp_path, said):
    assert quick_of(tmp_path, said) is None


def test_quick_look_is_told_again(tmp_path):
    keep(tmp_path, "one")
    keep(tmp_path, "many", sweep())
    said = {"demo": True, "warm_up_s": 1.5, "runs": [{"run": "one"}, {"run": "many"}]}
    found = quick_of(tmp_path, orjson.dumps(said))
    assert found is not None
    report = quick_report(found, "en")
    assert [getattr(part, "title", "") for part in report.parts if getattr(part, "title", "") == "DEMO"] == ["DEMO"]
    assert any(("first answer, with loading", "1.5 s") in getattr(part, "rows", ()) for part in report.parts)


@pytest.mark.parametrize(
    ("said", "model"),
    [
        (b'{"model": "qwen3:8b"}', "qwen3:8b"),
        (b'{"model": null}', ""),
        (b"{}", ""),
        (b"[1]", ""),
        (b"half {", ""),
        (b"", ""),
    ],
)
def test_quick_look_tells_whom_it_asked(said, model):
    assert model_of(said) == model
