"""The pages of alerts and objectives: silences made and ended, channels tried, mistakes told, foreign text harmless."""

import os
import time

import pytest

from ollascope.monitor.alerts.keeping import Keeping, save_value
from ollascope.monitor.alerts.state import Alarms, Held, key_of
from ollascope.monitor.objectives import Tallies, Tally
from ollascope.processes.identity import identify
from ollascope.processes.state import Report, Standing, write_report
from tests.web.site import make_site

EVIL = "<img src=x onerror=alert(1)>"
RULES = """
rules:
  - name: slow-answers
    when: ttft p95 > 3 s
    over: 10m
    each: model
    severity: warning
  - name: silent
    absent: requests
channels:
  - name: log
    kind: command
    command: [/bin/true]
    severity: critical
  - name: broken
    kind: command
    command: [/bin/false]
  - name: far
    kind: webhook
    url: http://127.0.0.1:9/secret-place
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def site(tmp_path, rules):
    return make_site(tmp_path, f"alerts.file={rules}", "objectives.targets=ttft p95 < 2 s")


def stand(site, *alerts):
    now = time.time()
    held = [
        Held(id=f"id{number}", name=name, kind="threshold", severity="warning", standing="firing", since=now - 60,
             seen=now, fired_at=now - 30, labels={"model": model}, reason="3 s is more than 2 s", hint="look",
             value=3.0, bound=2.0)
        for number, (name, model) in enumerate(alerts)
    ]  # fmt: skip
    Keeping(site.desk.data / "alerts").keep(Alarms(held={key_of(each.name, each.labels): each for each in held}))


def silences(site):
    return site.client.get("/api/v1/alerts/silences").json["silences"]


@pytest.mark.parametrize(
    "said",
    [{}, {"match": "", "for": "1h"}, {"match": "slow", "for": ""}, {"match": "slow", "for": "soon"},
     {"match": "slow", "for": "9999d"}, {"match": "slow", "for": "0s"}, {"match": "=x", "for": "1h"}],
)  # fmt: skip
def test_silence_that_makes_no_sense_is_refused_and_the_form_stays(site, said):
    answer = site.post("/system/alerts/silences", {**said, "why": "kept <b>"})
    assert answer.status_code == 400
    assert "the silence was not added" in answer.text
    assert "kept &lt;b&gt;" in answer.text
    assert silences(site) == []


@pytest.mark.parametrize("path", ["/system/alerts/silences", "/system/alerts/silences/end", "/system/alerts/test"])
def test_nothing_changes_without_the_token_or_in_read_only_mode(tmp_path, site, rules, path):
    site.post("/system/alerts/silences", {"match": "other", "for": "1h"})
    before = silences(site)
    assert f'action="{path}"' in site.client.get("/system/alerts").text
    said = {"match": "slow", "for": "1h", "channel": "log", "id": before[0]["id"]}
    assert site.client.post(path, data=said).status_code in {400, 403}
    strict = make_site(tmp_path, "dashboard.read_only=true", f"alerts.file={rules}")
    assert strict.post(path, said).status_code == 403
    assert f'action="{path}"' not in strict.client.get("/system/alerts").text
    assert silences(site) == before


def test_silence_that_is_not_there_cannot_be_ended(site):
    assert site.post("/system/alerts/silences/end", {"id": "nothing"}).status_code == 400
    assert site.send("DELETE", "/api/v1/alerts/silences/nothing").status_code == 400


@pytest.mark.parametrize("channel", ["", "nobody", "../x"])
def test_unknown_channel_is_not_tried(site, channel):
    assert site.post("/system/alerts/test", {"channel": channel}).status_code == 400


@pytest.mark.parametrize("count", ["0", "-5", "x", "99999999999", "2000"])
def test_odd_length_of_the_history_does_no_harm(site, count):
    assert site.client.get(f"/system/alerts?history={count}").status_code == 200


@pytest.mark.parametrize("path", ["/system/alerts", "/system/objectives"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_of_a_fresh_installation_answer(tmp_path, path, language):
    fresh = make_site(tmp_path)
    fresh.client.set_cookie("ollascope-language", language)
    assert fresh.client.get(path).status_code == 200


def test_nobody_judging_is_told(site):
    assert "nothing has been judged yet" in site.client.get("/system/alerts").text


def test_judgement_that_is_old_is_told(site):
    stand(site)
    old = time.time() - 3600
    os.utime(site.desk.data / "alerts" / "alarms.json", (old, old))
    assert "nobody judges" in site.client.get("/system/alerts").text


def test_foreign_text_is_harmless(site):
    stand(site, (EVIL, EVIL))
    for path in ("/system/alerts", f"/system/alerts?match={EVIL}&why={EVIL}"):
        assert EVIL not in site.client.get(path).text


def test_alert_is_shown_with_its_reason_figures_and_the_way_to_silence_it(site):
    stand(site, ("slow", "qwen3:8b"))
    text = site.client.get("/system/alerts").text
    assert "3 s is more than 2 s" in text
    assert "now 3, limit 2" in text
    assert "match=name%3Dslow%0Amodel%3Dqwen3%3A8b#silence" in text


def test_silence_is_added_with_time_and_reason_and_ended(site):
    stand(site, ("slow", "qwen3:8b"))
    said = {"match": "name=slow\nmodel=qwen3:8b", "for": "2h", "why": "we measure"}
    assert site.post("/system/alerts/silences", said).status_code == 303
    (one,) = silences(site)
    assert one["match"] == {"name": "slow", "model": "qwen3:8b"}
    assert one["until"] - one["since"] == pytest.approx(7200)
    assert "we measure" in site.client.get("/system/alerts").text
    assert site.client.get("/api/v1/alerts").json["alerts"][0]["silenced"] is True
    assert site.post("/system/alerts/silences/end", {"id": one["id"]}).status_code == 303
    assert silences(site) == []


def test_silences_by_the_api(site):
    made = site.send("POST", "/api/v1/alerts/silences", {"match": "slow*", "for": "1h", "why": "x"}).json
    assert silences(site) == [made]
    assert site.send("DELETE", f"/api/v1/alerts/silences/{made['id']}").json == made
    assert silences(site) == []
    assert site.send("POST", "/api/v1/alerts/silences", {"match": "slow", "for": "soon"}).status_code == 400


def test_rules_and_channels_are_shown_as_they_are_in_force_without_addresses(site):
    text = site.client.get("/system/alerts").text
    assert "ttft p95 &gt; 3 s" in text
    assert "absence requests" in text
    assert "far" in text
    assert "secret-place" not in text
    assert "/bin/true" not in text


@pytest.mark.parametrize(("channel", "delivered"), [("log", True), ("broken", False), ("far", False)])
def test_channel_is_tried_and_what_came_of_it_is_told(site, channel, delivered):
    assert site.post("/system/alerts/test", {"channel": channel}).status_code == 303
    text = site.client.get("/system/alerts").text
    assert ("delivered" in text) == delivered
    assert site.send("POST", "/api/v1/alerts/test", {"channel": channel}).json["delivered"] is delivered


def test_mistakes_in_rules_are_told_with_their_lines(tmp_path, rules):
    rules.write_text("rules:\n  - name: odd\n    when: nonsense\n")
    site = make_site(tmp_path, f"alerts.file={rules}")
    text = site.client.get("/system/alerts").text
    assert "refuses these rules" in text
    assert "rules.yaml:3" in text


def test_rules_written_after_the_monitor_started_are_told(site, rules):
    (site.desk.data / "run").mkdir()
    me = identify(os.getpid(), 1.0)

    def report(since):
        stand = Standing(state="ready", since=since, pid=1)
        write_report(site.desk.data, Report(supervisor=me, children={"monitor": stand}, settled=True))

    report(rules.stat().st_mtime + 5)
    assert "rules have changed" not in site.client.get("/system/alerts").text
    report(rules.stat().st_mtime - 5)
    assert "rules have changed" in site.client.get("/system/alerts").text


def test_history_is_shown_the_newest_first_and_more_of_it_on_demand(site):
    now = time.time()
    events = [
        Held(id=f"id{number}", name=f"event-{number};", kind="threshold", severity="info", standing="resolved",
             since=now - 500 + number, seen=now, fired_at=now - 500 + number, resolved_at=now - 400 + number)
        for number in range(60)
    ]  # fmt: skip
    Keeping(site.desk.data / "alerts").remember(events, 1000)
    text = site.client.get("/system/alerts").text
    assert text.index("event-59;") < text.index("event-10;")
    assert "event-9;" not in text
    assert "event-0;" in site.client.get("/system/alerts?history=200").text
    assert [each["name"] for each in site.client.get("/api/v1/alerts/history?limit=2").json["alerts"]] == [
        "event-59;", "event-58;",
    ]  # fmt: skip


def test_objective_is_shown_with_its_budget(site):
    hour = time.time() // 3600 * 3600
    tally = Tally(hours=((hour, 1000, 10),))
    save_value(site.desk.data / "alerts" / "objectives.json", Tallies(of={"ttft p95 < 2 s": tally}, seen=time.time()))
    text = site.client.get("/system/objectives").text
    assert "80 %" in text
    assert "10 of 1,000 requests broke it; 5 % may" in text
    (one,) = site.client.get("/api/v1/objectives").json["objectives"]
    assert (one["slo"], one["requests"], one["broken"]) == ("ttft p95 < 2 s", 1000, 10)
    assert one["remaining"] == pytest.approx(0.8)


def test_wrong_objectives_are_told(tmp_path):
    site = make_site(tmp_path, "objectives.targets=be quick")
    assert "the objectives cannot be read" in site.client.get("/system/objectives").text
    assert site.client.get("/api/v1/objectives").json["mistakes"]
    assert site.client.get("/system/alerts").status_code == 200
