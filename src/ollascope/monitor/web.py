"""The pages of alerts and objectives: what stands and why, silences, history, rules, budgets."""

from collections.abc import Mapping
from dataclasses import asdict

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from ollascope.monitor.alerts.commands import FOLDER, add_silence, end_silence
from ollascope.monitor.measures import read_duration
from ollascope.monitor.objectives import BURNING, Objectives
from ollascope.monitor.pages.alarms import (
    alert_facts,
    history_of,
    match_of,
    scene_of,
    silence_facts,
    silences_of,
)
from ollascope.monitor.pages.orders import Trials, in_force
from ollascope.monitor.pages.promises import Promise, promised
from ollascope.reports.charts.line import spark
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.language import word
from ollascope.web.live.topic import Topic, Viewing
from ollascope.words.errors import BadSettings, BadUsage
from ollascope.words.record import Json

USUAL, MOST = 50, 1000  # events of the history
EVERY_S = 2.0
LENGTHS = ("30m", "1h", "4h", "1d", "3d", "7d")


class Alarms:
    """What these pages know of alerts: files that the monitor keeps, and the tests of channels."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.folder = desk.data / FOLDER
        self.trials = Trials(desk.settings, desk.clock)

    @property
    def now(self) -> float:
        """The time by which silences end."""
        return self.desk.clock.wall()

    def look(self, _: Viewing) -> Mapping[str, object]:
        """What stands."""
        return {"scene": scene_of(self.folder, self.now)}

    def look_at_objectives(self, _: Viewing) -> Mapping[str, object]:
        """How the objectives stand."""
        found = promised(self.desk.data, self.desk.settings.of(Objectives), self.now)
        return {"promised": found, "line": _line, "burning": BURNING}

    def silence(self, match: str, length: str, why: str) -> Mapping[str, Json]:
        """Tell nobody of these alerts for so long."""
        try:
            for_s = read_duration(length)
        except BadSettings as error:  # what a form says is no setting
            raise BadUsage(error.message, hint=error.hint) from error
        return silence_facts(add_silence(self.folder, match_of(match), for_s, why.strip(), self.now))


def alerts_pages(desk: Desk) -> Pages:
    """System: alerts and objectives."""
    alarms = Alarms(desk)
    blueprint = Blueprint("alerts", __name__)
    _shown(blueprint, alarms)
    _changed(blueprint, alarms)
    return Pages(
        blueprint=blueprint,
        tabs=(
            Tab(entry="system", label="Alerts", endpoint="alerts.standing", order=20),
            Tab(entry="system", label="Objectives", endpoint="alerts.objectives", order=30),
        ),
        topics=(
            Topic(name="alerts", look=alarms.look, template="monitor/alerts_parts.html", every_s=EVERY_S),
            Topic(name="objectives", look=alarms.look_at_objectives, template="monitor/objectives_parts.html",
                  every_s=EVERY_S),
        ),
        api=_api(alarms),
    )  # fmt: skip


def _page(alarms: Alarms, trouble: BadUsage | None = None) -> str:
    """The page of alerts; what a form said stays in it."""
    said = request.form if trouble else request.args
    count = _count(request.args.get("history", ""))
    return render_template(
        "monitor/alerts.html", silences=silences_of(alarms.folder, alarms.now), orders=in_force(alarms.desk.settings),
        history=history_of(alarms.folder, count), count=count, most=MOST, trials=alarms.trials.last, trouble=trouble,
        match=said.get("match", "")[:2000], length=said.get("for", "1h")[:20], why=said.get("why", "")[:500],
        lengths=LENGTHS,
    )  # fmt: skip


def _shown(blueprint: Blueprint, alarms: Alarms) -> None:
    @blueprint.get("/system/alerts")
    def standing() -> str:
        return _page(alarms)

    @blueprint.get("/system/objectives")
    def objectives() -> str:
        return render_template("monitor/objectives.html")


def _changed(blueprint: Blueprint, alarms: Alarms) -> None:
    @blueprint.post("/system/alerts/silences")
    def silence() -> Response | tuple[str, int]:
        said = request.form
        try:
            alarms.silence(said.get("match", ""), said.get("for", ""), said.get("why", ""))
        except BadUsage as error:
            return _page(alarms, error), error.status
        return redirect(url_for("alerts.standing", _anchor="silences"), code=303)

    @blueprint.post("/system/alerts/silences/end")
    def end() -> Response:
        end_silence(alarms.folder, request.form.get("id", ""), alarms.now)
        return redirect(url_for("alerts.standing", _anchor="silences"), code=303)

    @blueprint.post("/system/alerts/test")
    def test() -> Response:
        alarms.trials.send(request.form.get("channel", ""))
        return redirect(url_for("alerts.standing", _anchor="channels"), code=303)


def _api(alarms: Alarms) -> tuple[Endpoint, ...]:
    def history(asked: Asked) -> Json:
        return {"alerts": [alert_facts(row.alert) for row in history_of(alarms.folder, asked.count("limit"))]}

    def silences(_: Asked) -> Json:
        return {"silences": [silence_facts(each) for each in silences_of(alarms.folder, alarms.now)]}

    def silence(asked: Asked) -> Json:
        return alarms.silence(asked.text("match"), asked.text("for"), asked.text("why"))

    def end(asked: Asked) -> Json:
        return silence_facts(end_silence(alarms.folder, asked.text("id"), alarms.now))

    def objectives(_: Asked) -> Json:
        found = promised(alarms.desk.data, alarms.desk.settings.of(Objectives), alarms.now)
        return {"days": found.days, "counted_until": found.seen, "mistakes": list(found.mistakes),
                "objectives": [each.to_json() for each in found.promises]}  # fmt: skip

    def test(asked: Asked) -> Json:
        return asdict(alarms.trials.send(asked.text("channel")))

    limit = Parameter(name="limit", kind="integer", default=USUAL, minimum=1, maximum=MOST, meaning="how many at most")
    wanted = (
        Parameter(name="match", required=True, longest=2000, meaning="labels of the alerts, a line each: name=slow*"),
        Parameter(name="for", default="1h", longest=20, meaning="how long: 30m, 2h, 3d"),
        Parameter(name="why", default="", longest=500, meaning="the reason, for whoever wonders"),
    )
    number = (Parameter(name="id", required=True, longest=40, meaning="of the silence"),)
    channel = (Parameter(name="channel", required=True, longest=100, meaning="its name in the rules file"),)
    return (
        Endpoint(path="/alerts/history", tag="system", answer=history, query=(limit,),
                 summary="What fired and what was resolved, the newest first"),
        Endpoint(path="/alerts/silences", tag="system", answer=silences, summary="The silences that hold"),
        Endpoint(path="/alerts/silences", tag="system", answer=silence, method="POST", body=wanted,
                 summary="Tell nobody of some alerts for a while"),
        Endpoint(path="/alerts/silences/{id}", tag="system", answer=end, method="DELETE", inside=number,
                 summary="End a silence"),
        Endpoint(path="/alerts/test", tag="system", answer=test, method="POST", body=channel,
                 summary="Send a test notice over a channel"),
        Endpoint(path="/objectives", tag="system", answer=objectives,
                 summary="What is left of each error budget, and how fast it goes"),
    )  # fmt: skip


def _line(promise: Promise) -> Markup:
    """The share of requests that broke an objective, hour by hour."""
    drawn = spark(promise.hours, label=word("share that broke it, hour by hour over 7 days"))
    return Markup(drawn.replace("<svg ", '<svg preserveAspectRatio="none" ', 1))  # noqa: S704 - our own drawing, escaped there


def _count(text: str) -> int:
    return max(1, min(MOST, int(text))) if text.isdecimal() and len(text) < 6 else USUAL
