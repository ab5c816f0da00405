"""Pages of a room that exists only in tests: one that shows foreign text, one with charts, one that fails."""

from flask import Blueprint, redirect, render_template_string, request

from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.live.topic import Topic
from ollascope.words.errors import ModelMissing

CHARTS = """{% set charts = true %}{% extends "web/page.html" %}{% block title %}Charts{% endblock %}{% block body %}
<h1>Charts</h1><div class="grid">
{% call ui.card("Lines") %}{{ ui.chart("lines", "lines", {"data": [{"x": [1, 2, 3], "y": [2, 1, 3], "name": "a"},
{"x": [1, 2, 3], "y": [1, 2, 2], "name": "b"}], "layout": {"yaxis": {"title": {"text": "seconds"}}}}) }}{% endcall %}
{% call ui.card("Heat") %}{{ ui.chart("heat", "heat",
{"data": [{"type": "heatmap", "z": [[1, 2], [3, 4]]}]}) }}{% endcall %}
{% call ui.card("Bars") %}{{ ui.chart("bars", name, {"data": [{"type": "bar", "x": [name], "y": [4]}]}) }}{% endcall %}
</div>{% endblock %}"""
SHOWING = """{% extends "web/page.html" %}{% block title %}{{ name }}{% endblock %}{% block body %}
{% call ui.heading(name, name) %}{{ ui.badge(name) }}{% endcall %}{{ ui.demo() }}
{% call ui.card(name, name) %}{% call ui.table([name], name) %}<tr><td>{{ name }}</td></tr>{% endcall %}
{{ ui.facts([(name, name)]) }}{{ ui.empty(name, name) }}{{ ui.notice(name, "warning", name) }}{{ ui.command(name) }}
{% call ui.stats() %}{{ ui.stat(name, none) }}{{ ui.stat(name, name) }}{% endcall %}{{ ui.time(0, "date") }}
<dl class="gauges">{{ ui.gauge(name, 2.0, name) }}</dl>{% endcall %}
{% call ui.form("/sample", confirm=name) %}{{ ui.field("name", name, name, hint=name) }}
{{ ui.select("kind", name, [(name, name)], name) }}<button>{{ name }}</button>{% endcall %}
<button data-opens="more">{{ name }} …</button>{% call ui.dialog("more", name) %}{{ name }}{% endcall %}
<script type="application/json" nonce="{{ nonce() }}">{{ name | tojson }}</script>{% endblock %}"""


def pages(desk: Desk) -> Pages:
    """What a room gives."""
    blueprint = Blueprint("sample", __name__)
    changed: list[str] = []

    @blueprint.get("/sample")
    def showing() -> str:
        return render_template_string(SHOWING, name=request.args.get("name", "a name"))

    @blueprint.post("/sample")
    def change():
        changed.append(request.form["name"])
        return redirect("/sample", code=303)

    @blueprint.get("/sample/charts")
    def charts() -> str:
        return render_template_string(CHARTS, name=request.args.get("name", "a name"), under="sample.showing")

    @blueprint.get("/sample/trouble")
    def trouble() -> str:
        raise ModelMissing("there is no model <b>x</b>", hint="`ollascope models list` shows them")

    @blueprint.get("/sample/bug")
    def bug() -> str:
        raise ZeroDivisionError("a secret place")

    def tell(asked: Asked):
        if asked.text("kind") == "bug":
            raise ZeroDivisionError("a secret place")
        return {"name": asked.text("name"), "limit": asked.count("limit"), "ratio": asked.number("ratio")}

    def put(asked: Asked):
        changed.append(asked.text("name"))
        return {"changed": list(changed), "on": asked.flag("on")}

    named = Parameter(name="name", meaning="a name", longest=20)
    return Pages(
        blueprint=blueprint,
        tabs=(Tab(entry="history", label="History", endpoint="sample.showing", order=10),),
        topics=(Topic(name="sample", look=lambda viewing: {"everything": viewing.everything}),),
        api=(
            Endpoint(
                path="/sample/{name}", summary="A sample", answer=tell, inside=(named,),
                query=(
                    Parameter(name="limit", kind="integer", default=5, minimum=1, maximum=9, meaning="how many"),
                    Parameter(name="ratio", kind="number", meaning="a share"),
                    Parameter(name="kind", choices=("plain", "bug"), default="plain", meaning="which"),
                ),
            ),
            Endpoint(
                path="/sample", summary="Change it", method="POST", answer=put,
                body=(Parameter(name="name", meaning="a name", required=True, longest=20),
                      Parameter(name="on", kind="boolean", default=False, meaning="a switch")),
            ),
        ),
    )  # fmt: skip
