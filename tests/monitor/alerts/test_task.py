"""The monitor's task that judges and alarms."""

import pytest

from ollascope.monitor.alerts.commands import list_alerts
from ollascope.monitor.alerts.settings import Alerts
from ollascope.monitor.alerts.task import JUDGE, alarming, orders_of
from ollascope.monitor.board import Board
from ollascope.monitor.objectives import Objectives
from ollascope.words.alerts import AlertKind, Condition
from ollascope.words.clock import Clock
from ollascope.words.errors import BadSettings
from ollascope.words.sample import Sample
from tests.monitor.alerts.held import NOW

CLOCK = Clock(wall=lambda: NOW)


def test_wrong_rules_are_told_before_anything_starts(tmp_path):
    (tmp_path / "rules.yaml").write_text("rules:\n  - name: a\n    when: tfft p95 > 2 s\n")
    with pytest.raises(BadSettings, match=r"rules.yaml:3: .*did you mean ttft"):
        orders_of(tmp_path, Alerts(file=tmp_path / "rules.yaml"), Objectives())


def test_wrong_objectives_are_told_before_anything_starts(tmp_path):
    with pytest.raises(BadSettings, match=r"s.yaml:4: .*did you mean ttft"):
        orders_of(tmp_path, Alerts(), Objectives(targets=("tfft p95 < 2 s",)), "s.yaml:4: objectives.targets")


@pytest.mark.parametrize(
    ("targets", "says"), [((), r"write it into o"), (("success > 99 %",), "did you mean success > 99 %")]
)
def test_rule_about_what_nobody_promised_is_refused(tmp_path, targets, says):
    (tmp_path / "rules.yaml").write_text("rules:\n  - name: a\n    burn: success > 99.5 %\n")
    with pytest.raises(BadSettings, match=r"'a' is about 'success > 99\.5 %'") as told:
        orders_of(tmp_path, Alerts(file=tmp_path / "rules.yaml"), Objectives(targets=targets), "o")
    assert says in told.value.hint


def test_sample_and_other_judges_on_the_board_become_alerts(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "rules.yaml").write_text("rules:\n  - name: hot\n    when: cpu_ratio > 90 %\n")
    board = Board()
    task = alarming(orders_of(tmp_path, Alerts(file=tmp_path / "rules.yaml"), Objectives(), clock=CLOCK), board)
    board.sample = Sample(at=NOW, cpu_ratio=0.99)
    board.put("probes", [Condition(name="answer", kind=AlertKind.ANSWER_CHANGED, active=True)])
    for _ in range(3):
        task.run()
    assert {alert.name for alert in list_alerts(tmp_path / "alerts", NOW)} == {"hot", "answer"}
    assert [condition.name for condition in board.conditions] == ["answer", "hot"]
    board.put("probes", [Condition(name="answer", kind=AlertKind.ANSWER_CHANGED, active=False)])
    board.put(JUDGE, ())
    task.run()
    task.close()
    assert {alert.name for alert in list_alerts(tmp_path / "alerts", NOW)} == {"hot"}


def test_task_without_ledger_rules_or_objectives_goes_on(tmp_path):
    board = Board()
    task = alarming(orders_of(tmp_path, Alerts(), Objectives(), clock=CLOCK), board)
    task.run()
    task.close()
    assert (board.conditions, board.budgets, board.burn_rates) == ((), {}, {})
