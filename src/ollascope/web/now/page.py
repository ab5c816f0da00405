"""The page Now: routes, its live topic, and the same figures by the API."""

from collections.abc import Mapping
from dataclasses import asdict

from flask import Blueprint, render_template

from ollascope.monitor.shown.view import view_facts
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.live.topic import Topic, Viewing
from ollascope.web.now.shown import shown
from ollascope.web.now.state import Eyes
from ollascope.web.viewer import viewing
from ollascope.words.record import Json

EVERY_S = 0.5
EVERYTHING = Parameter(
    name="everything", kind="boolean", default=False, meaning="count requests of tests, probes and demos too"
)


def pages(desk: Desk) -> Pages:
    """The first page."""
    eyes = Eyes(desk)
    blueprint = Blueprint("now", __name__)

    @blueprint.get("/")
    def index() -> str:
        return render_template("web/now.html", first_run=eyes.look(viewing()).is_empty)

    def look(wanted: Viewing) -> Mapping[str, object]:
        return {"scene": eyes.look(wanted)}

    def tell(asked: Asked) -> Json:
        view = eyes.look(Viewing(everything=asked.flag("everything"))).view
        return {"known": view is not None, **(view_facts(view) if view is not None else {})}

    def health(_: Asked) -> Json:
        return {"checks": [finding.to_json() for finding in eyes.findings.read() or ()]}

    def alerts(_: Asked) -> Json:
        promises = eyes.look(Viewing()).promises
        if promises is None:
            return {"alerts": [], "budgets": []}
        return {
            "alerts": [asdict(alert) for alert in promises.alerts],
            "budgets": [asdict(budget) for budget in promises.budgets],
        }

    return Pages(
        blueprint=blueprint,
        tabs=(Tab(entry="now", label="Now", endpoint="now.index"),),
        topics=(Topic(name="now", look=look, template="web/now_parts.html", show=shown, every_s=EVERY_S),),
        api=(
            Endpoint(
                path="/now", summary="What is going on: models, requests, machine", answer=tell, query=(EVERYTHING,)
            ),
            Endpoint(path="/health", summary="What the checks found last", answer=health),
            Endpoint(path="/alerts", summary="Alerts that stand, and what is left of error budgets", answer=alerts),
        ),
        start=eyes.start,
        close=eyes.close,
    )
