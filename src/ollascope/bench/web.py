"""The pages of tests: the list, starting one, following it, what came of it, several side by side."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as Answer

from ollascope.bench import folder as names
from ollascope.bench.asked import Asked
from ollascope.bench.pages import outcomes
from ollascope.bench.pages.backends import Backend, check_target, choices, look
from ollascope.bench.pages.form import NUMBERS, filled, read_form
from ollascope.bench.pages.launches import Farewell, Launch, Launches, Order
from ollascope.bench.pages.moving import Moving, find_moving, moving
from ollascope.bench.pages.orders import order_again, order_of, patient, quick_order, resume_order
from ollascope.bench.pages.past import Pasts, memory_of
from ollascope.bench.pages.shelf import Shelf, page_of
from ollascope.bench.result import Result
from ollascope.bench.running.live import end_gently
from ollascope.bench.running.preparing import check
from ollascope.bench.shown import Listed, csv_of, document, json_of, listing, report_of
from ollascope.bench.shown.reasons import MEANINGS, TONES
from ollascope.bench.shown.told import level_text, load_text
from ollascope.engines.settings import Engines
from ollascope.reports.page import page
from ollascope.reports.parts import Banner, Chart, Facts, Part, Report, Table
from ollascope.reports.say import count, digits, seconds
from ollascope.reports.words import word as said_in
from ollascope.web.api.endpoint import Asked as Given
from ollascope.web.api.endpoint import Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.kept import Kept
from ollascope.web.language import language, word
from ollascope.web.live.topic import Topic
from ollascope.web.viewer import EVERYTHING, remember
from ollascope.words.errors import BadUsage, TimedOut, Trouble
from ollascope.words.record import Json, to_json

UNDER: Final = "bench.tests"  # the tab that all these pages belong to
EVERY_S: Final = 0.5  # as often as a run tells how it stands
MODELS_S: Final = 15.0
FIRST_WAIT_S: Final = 0.25  # for a server that has not told its models yet
STOP_S: Final = 2.0
TOLD_FAILURES, TOLD_LOOKS = 3, 5
FAILURE_S: Final = 86_400.0  # an older one is no news
KINDS: Final[Mapping[type, str]] = {Banner: "banner", Facts: "facts", Table: "table", Chart: "chart"}
FILES: Final = {"json": "application/json", "csv": "text/csv", "html": "text/html", "jsonl": "application/x-ndjson"}
RUN = Parameter(name="run", meaning="the id of a run, as the list tells it", longest=110)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the pages of tests stand on."""

    desk: Desk
    launches: Launches
    shelf: Shelf
    pasts: Pasts
    backends: Kept[tuple[Backend, ...]]
    starting: threading.Lock = field(default_factory=threading.Lock)  # two clicks at once start one test

    @property
    def data(self) -> Path:
        return self.desk.data

    @property
    def engines(self) -> Engines:
        return self.desk.settings.of(Engines)

    @property
    def now(self) -> float:
        return self.desk.clock.wall()


def pages(desk: Desk) -> Pages:
    """Everything under /test."""
    bench = Bench(
        desk=desk, launches=Launches(desk.data, desk.program, desk.clock.wall), shelf=Shelf(desk.data), pasts=Pasts(),
        backends=Kept("models to test", lambda: look(desk.settings), MODELS_S),
    )  # fmt: skip
    blueprint = Blueprint("bench", __name__)
    _show_lists(blueprint, bench)
    _start_tests(blueprint, bench)
    _show_runs(blueprint, bench)
    _change_runs(blueprint, bench)
    topic = Topic(
        name="tests", look=lambda _: _look(bench), template="bench/moving_parts.html",
        show=_told, every_s=EVERY_S,
    )  # fmt: skip
    tab = Tab(entry="test", label="Load tests", endpoint=UNDER)
    return Pages(blueprint=blueprint, tabs=(tab,), topics=(topic,), api=_endpoints(bench))


def _show_lists(blueprint: Blueprint, bench: Bench) -> None:
    @blueprint.get("/test")
    def tests() -> str:
        after = request.args.get("after", "")
        shown, following = page_of(bench.shelf.read(), after)
        return render_template(
            "bench/tests.html", runs=shown, loads={one.id: _load(one) for one in shown}, following=following,
            after=after, tones=TONES, meanings=_meanings(), failed=_failed(bench), looks=_looks(bench),
            **_choice(bench, filled({})),
        )  # fmt: skip

    @blueprint.get("/test/new")
    def new() -> str:
        return _form(bench, filled(request.args.to_dict()), None)

    @blueprint.get("/test/compare")
    def compare() -> str:
        runs = [run for text in request.args.getlist("runs") for run in text.split(",")]
        report, warning = outcomes.side_by_side(bench.data, runs, language())
        return render_template(
            "bench/compare.html", title=report.title, about=report.about, parts=_parts(report), warning=warning,
            under=UNDER,
        )  # fmt: skip


def _start_tests(blueprint: Blueprint, bench: Bench) -> None:
    @blueprint.post("/test/start")
    def start() -> Answer:
        given = request.form.to_dict()
        try:
            asked = patient(read_form(given), bench.engines.patience)
            check_target(asked.target, bench.engines)
            check(asked)
        except Trouble as error:
            return make_response(_form(bench, filled(given), error), 400)
        return _begin(bench, given, lambda: order_of(asked, bench.launches, language()))

    @blueprint.post("/test/quick")
    def quick() -> Answer:
        given = request.form.to_dict()
        target = read_form({"model": given.get("model", "")}).target
        check_target(target, bench.engines)
        answer = _begin(bench, given, lambda: quick_order(target, bench.launches, language()))
        if given.get("counts"):  # the first of all requests: whoever makes them wants to see them
            remember(answer, EVERYTHING, "1")
        return answer


def _show_runs(blueprint: Blueprint, bench: Bench) -> None:
    @blueprint.get("/test/<run>")
    def test(run: str) -> str:
        one = find_moving(bench.data, bench.launches, run)
        if one is not None:
            return render_template("bench/under_way.html", **_seen(bench, one), under=UNDER)
        launch, folder = bench.launches.find(run), outcomes.folder_of(bench.data, run)
        if launch is not None and launch.kind == "quick":
            return _quick_page(bench, launch)
        if folder is None and launch is None:
            abort(404)
        return _run_page(bench, run, folder, launch)

    @blueprint.get("/test/<run>/live")
    def live(run: str) -> Response:
        one = find_moving(bench.data, bench.launches, run)
        if one is None:
            return Response(status=204)
        return make_response(render_template("bench/live.html", **_seen(bench, one)))

    @blueprint.get("/test/<run>/files/<kind>")
    def file(run: str, kind: str) -> Response:
        folder = outcomes.folder_of(bench.data, run)
        if folder is None or kind not in FILES:
            abort(404)
        return _file(folder, kind)


def _change_runs(blueprint: Blueprint, bench: Bench) -> None:
    @blueprint.post("/test/<run>/stop")
    def stop(run: str) -> Answer:
        _stop(bench, run)
        return redirect(_address(run), code=303)

    @blueprint.post("/test/<run>/again")
    def again(run: str) -> Answer:
        return _begin(bench, request.form.to_dict(), lambda: _again(bench, run))

    @blueprint.post("/test/<run>/resume")
    def resume(run: str) -> Answer:
        return _begin(bench, request.form.to_dict(), lambda: resume_order(run, bench.data, language()))

    @blueprint.post("/test/<run>/delete")
    def delete(run: str) -> Answer:
        _delete(bench, run)
        return redirect(url_for(UNDER), code=303)


def _begin(bench: Bench, given: Mapping[str, str], make: Callable[[], Order | None]) -> Answer:
    """Start, unless another test is under way that the viewer does not know of."""
    with bench.starting:
        others = moving(bench.data, bench.launches)
        if others and given.get("anyway") != "1":
            kept = {name: text for name, text in given.items() if name not in {"csrf_token", "anyway"}}
            asked = render_template("bench/confirm.html", others=others, fields=kept, action=request.path, under=UNDER)
            return make_response(asked)
        order = make()
        if order is None:
            abort(404)
        launch = bench.launches.start(order)
    return redirect(_address(launch.id), code=303)


def _stop(bench: Bench, run: str) -> None:
    """End it with what there is; nothing where it has ended by now."""
    one = find_moving(bench.data, bench.launches, run)
    if one is not None and one.launch is not None:
        bench.launches.stop(one.launch)
    elif one is not None and one.run is not None:
        with suppress(TimedOut, BadUsage):  # it goes on ending, and its page tells when it has
            end_gently(names.results(bench.data) / one.run, patience_s=STOP_S)


def _delete(bench: Bench, run: str) -> None:
    folder, launch = outcomes.folder_of(bench.data, run), bench.launches.find(run)
    if folder is None and launch is None:
        abort(404)
    if launch is not None and bench.launches.runs(launch):
        raise BadUsage(f"the test {run} is under way", hint="stop it first")
    if folder is not None:
        outcomes.delete(folder)
    bench.launches.forget(run)


def _again(bench: Bench, run: str) -> Order | None:
    return order_again(run, bench.data, bench.launches, bench.backends.read(FIRST_WAIT_S) or (), language())


def _form(bench: Bench, values: Mapping[str, str], trouble: Trouble | None) -> str:
    return render_template("bench/new.html", bounds=NUMBERS, trouble=trouble, under=UNDER, **_choice(bench, values))


def _choice(bench: Bench, values: Mapping[str, str]) -> dict[str, object]:
    backends = bench.backends.read(FIRST_WAIT_S)
    return {"backends": backends, "groups": choices(backends or ()), "values": values}


def _failed(bench: Bench) -> list[tuple[Launch, Farewell]]:
    """The last starts that left no run, with why."""
    found: list[tuple[Launch, Farewell]] = []
    for launch in bench.launches.all():
        if launch.at < bench.now - FAILURE_S or len(found) == TOLD_FAILURES:
            break
        left = launch.kind != "run" or outcomes.folder_of(bench.data, launch.id) is not None
        farewell = None if left or bench.launches.runs(launch) else bench.launches.farewell(launch)
        if farewell is not None:
            found.append((launch, farewell))
    return found


def _looks(bench: Bench) -> list[tuple[Launch, str]]:
    """The last quick looks that said something, and whom each asked."""
    every = ((one, bench.launches.said(one)) for one in bench.launches.all() if one.kind == "quick")
    return [(one, outcomes.model_of(said)) for one, said in islice((each for each in every if each[1]), TOLD_LOOKS)]


def _seen(bench: Bench, one: Moving) -> dict[str, object]:
    """A test under way, as its page shows it."""
    so_far = _so_far(bench, one)
    reading = so_far.readings[-1] if so_far and so_far.readings else None
    outcome = one.standing.outcomes if one.standing else {}
    level = level_text(one.level, language()) if one.level else ""
    return {
        "one": one, "name": _name(one), "about": _about(one),
        "share": one.share(bench.now), "left_s": one.left_s(bench.now), "stage": level, "reading": reading,
        "memory": memory_of(so_far) if so_far else None,
        "outcomes": ", ".join(f"{code} {count(number)}" for code, number in outcome.items() if code != "ok"),
        "charts": bench.pasts.drawn(so_far, language()) if so_far else (),
    }  # fmt: skip


def _so_far(bench: Bench, one: Moving) -> Result | None:
    if one.run is None or one.standing is None or one.asked is None:
        return None
    bench.pasts.take(names.results(bench.data) / one.run, one.standing)
    return bench.pasts.so_far(one.run, one.asked, one.standing)


def _name(one: Moving) -> str:
    if one.kind == "quick":
        return f"{word('Quick look')} · {one.model}" if one.model else word("Quick look")
    return (one.asked.name if one.asked else None) or one.model or one.id


def _about(one: Moving) -> str:
    """Its load, too, where it stays the same to the end."""
    return " · ".join(text for text in (one.id, "" if one.kind == "quick" else _load_of(one)) if text)


def _load_of(one: Moving) -> str:
    return load_text(one.asked, language()) if one.asked else ""


def _run_page(bench: Bench, run: str, folder: Path | None, launch: Launch | None) -> str:
    result, trouble = None, None
    try:
        result = outcomes.result_in(folder) if folder else None
    except Trouble as error:
        trouble = error
    asked = outcomes.asked_in(folder) if folder else None
    is_whole = folder is not None and (folder / names.RESULT).exists()
    report = report_of([result], language()) if result else None
    again = _again(bench, run) is not None
    elsewhere = not again and asked is not None and not any(one.trouble for one in bench.backends.read() or ())
    return render_template(
        "bench/run.html", run=run, demo=bool(result and result.demo), parts=_parts(report) if report else [],
        title=report.title if report else _title(asked, launch, run), about=report.about if report else run,
        state="" if is_whole or folder is None else "stopped", trouble=trouble,
        farewell=bench.launches.farewell(launch) if launch and not is_whole else None,
        can_again=again, why_not_again=elsewhere,
        can_resume=asked is not None and (not is_whole or bool(result and result.partial)),
        files=_files(run, folder, result), inner=(), command=f"ollascope bench report {run}" if result else "",
        under=UNDER,
    )  # fmt: skip


def _quick_page(bench: Bench, launch: Launch) -> str:
    quick = outcomes.quick_of(bench.data, bench.launches.said(launch))
    report = outcomes.quick_report(quick, language()) if quick else None
    return render_template(
        "bench/run.html", run=launch.id, demo=bool(quick and quick.warm.demo), state="", trouble=None,
        title=report.title if report else word("Quick look"), about=launch.id, parts=_parts(report) if report else [],
        farewell=None if report else bench.launches.farewell(launch), can_again=True, why_not_again=False,
        can_resume=False, files=(), inner=[one.run for one in quick.results] if quick else (),
        command="ollascope quick", under=UNDER,
    )  # fmt: skip


def _title(asked: Asked | None, launch: Launch | None, run: str) -> str:
    return (asked.name or asked.target.model if asked else "") or (launch.model if launch else "") or run


def _files(run: str, folder: Path | None, result: Result | None) -> list[tuple[str, str]]:
    named = {"json": word("result as JSON"), "csv": word("figures as CSV"), "html": word("report as HTML")}
    found = [(f"{_address(run)}/files/{kind}", text) for kind, text in named.items()] if result else []
    if folder is not None and (folder / names.CALLS).is_file():
        found.append((f"{_address(run)}/files/jsonl", word("every request as JSONL")))
    return found


def _file(folder: Path, kind: str) -> Response:
    name = f"{folder.name}.{kind}"
    if kind == "jsonl":
        if not (folder / names.CALLS).is_file():
            abort(404)
        return send_file(folder / names.CALLS, mimetype=FILES[kind], as_attachment=True, download_name=name)
    result = outcomes.result_in(folder)
    if result is None:
        abort(404)
    answer = Response(_text(kind, result), mimetype=FILES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _text(kind: str, result: Result) -> str:
    if kind == "json":
        return json_of(result)
    return csv_of([result]) if kind == "csv" else page(report_of([result], language()))


def _parts(report: Report) -> list[tuple[str, Part]]:
    return [(KINDS.get(type(part), "text"), part) for part in report.parts]


def _meanings() -> dict[str, str]:
    return {verdict: said_in(text, language()) for verdict, text in MEANINGS.items()}


def _load(one: Listed) -> str:
    """The load in the language of the viewer; the list itself tells it in English."""
    asked = outcomes.asked_in(one.folder) if language() != "en" else None
    return load_text(asked, language()) if asked else one.load


def _address(run: str) -> str:
    return f"/test/{quote(run)}"


def _look(bench: Bench) -> Mapping[str, object]:
    found = moving(bench.data, bench.launches)
    for one in found:
        _so_far(bench, one)
    return {"moving": found, "now": bench.now}


def _told(found: Mapping[str, object]) -> Mapping[str, object]:
    """What the list shows of each, and a beat that changes whenever one of them has."""
    now = cast("float", found["now"])
    every = cast("list[Moving]", found["moving"])
    shown = [
        {"id": one.id, "name": _name(one), "demo": one.demo, "load": _load_of(one), "share": one.share(now),
         "left_s": one.left_s(now), "figures": _figures(one)}
        for one in every
    ]  # fmt: skip
    beat = " ".join(f"{one.id}@{one.standing.at if one.standing else int(now)}" for one in every)
    return {"moving": shown, "beat": beat}


def _figures(one: Moving) -> str:
    now = one.standing
    if now is None:
        return word("it starts: the server is asked what it has")
    parts = [word("{count} answered", count=count(now.ended)), word("{count} in flight", count=count(now.in_flight))]
    if now.requests_per_s is not None:
        parts.append(word("{rate} requests/s", rate=digits(now.requests_per_s)))
    if now.ttft_p50_s is not None:
        parts.append(f"TTFT p50 {seconds(now.ttft_p50_s)}")
    if now.failed:
        parts.append(word("{count} failed", count=count(now.failed)))
    return " · ".join(parts)


def _endpoints(bench: Bench) -> tuple[Endpoint, ...]:
    def tell_all(given: Given) -> Json:
        shown, following = page_of(bench.shelf.read(), given.text("after"), given.count("limit"))
        return {"tests": listing(list(shown)), "following": following or None}

    def tell(given: Given) -> Json:
        return _facts(bench, given.text("run"))

    limit = Parameter(name="limit", kind="integer", default=50, minimum=1, maximum=1000, meaning="how many")
    after = Parameter(name="after", default="", meaning="the id of the run to go on behind", longest=110)
    return (
        Endpoint(path="/tests", summary="Load tests, the latest first", tag="test", answer=tell_all,
                 query=(limit, after)),
        Endpoint(path="/tests/{run}", summary="One load test: how it stands, or what came of it", tag="test",
                 answer=tell, inside=(RUN,), troubles=(404,)),
    )  # fmt: skip


def _facts(bench: Bench, run: str) -> dict[str, Json]:
    one = find_moving(bench.data, bench.launches, run)
    if one is not None:
        return {"run": run, "state": "running", "standing": to_json(one.standing) if one.standing else None,
                "result": None, "trouble": None}  # fmt: skip
    launch, folder = bench.launches.find(run), outcomes.folder_of(bench.data, run)
    if folder is None and launch is None:
        abort(404)
    result = outcomes.result_in(folder) if folder else None
    farewell = bench.launches.farewell(launch) if launch and result is None else None
    return {
        "run": run, "state": "ended" if result else "failed" if folder is None else "stopped", "standing": None,
        "result": document(result) if result else None, "trouble": farewell.message if farewell else None,
    }  # fmt: skip
