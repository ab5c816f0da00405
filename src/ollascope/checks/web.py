"""The pages about this installation: checks and processes, settings, data folder, versions and licences."""

import platform
import sys
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ollascope import __version__
from ollascope.checks.machine.platform import os_release
from ollascope.checks.pages.checking import Rounds, examine
from ollascope.checks.pages.children import Family, family
from ollascope.checks.pages.inforce import Group, groups_of, shown_of
from ollascope.checks.pages.installed import OURS, find, is_among, licence_texts, packages
from ollascope.checks.pages.papers import papers, read_paper
from ollascope.checks.pages.places import KEPT, Store, store_of
from ollascope.console.show import size_text
from ollascope.settings.fields import leaves, resolve
from ollascope.settings.files import is_absent
from ollascope.settings.shipped import commit, shipped
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter
from ollascope.web.joint import Desk, Pages, Tab
from ollascope.web.kept import Kept
from ollascope.web.live.topic import Topic, Viewing
from ollascope.wire import CHILDREN, SECTIONS
from ollascope.words.errors import BadUsage
from ollascope.words.record import Json

FIRST_WAIT_S, STORE_S, LOOK_S = 0.15, 30.0, 1.0
LONGEST = 200  # letters that are searched for
MACHINE = Path("/")


class System:
    """What these pages know, each asked once for all viewers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.rounds = Rounds(partial(examine, desk.settings, desk.settings_file), desk.clock)
        self.store: Kept[Store] = Kept("data folder", partial(store_of, desk.settings), STORE_S)
        self.since = desk.clock.wall()
        self.things = frozenset(each.key for each in leaves(resolve(SECTIONS)) if each.shape.form == "things")

    def family(self) -> Family:
        """The processes of this data folder."""
        return family(self.desk.data, CHILDREN)

    def look(self, _: Viewing) -> Mapping[str, object]:
        """Checks and processes."""
        return {"round": self.rounds.look(FIRST_WAIT_S), "running": self.rounds.running, "family": self.family()}

    def look_at_store(self, _: Viewing) -> Mapping[str, object]:
        """The data folder, as it was measured last."""
        return {"store": self.store.read(FIRST_WAIT_S), "size": size_text}

    def groups(self, text: str, *, only_set: bool) -> list[Group]:
        """The settings in force."""
        return groups_of(self.desk.settings.entries(), self.things, text, only_set=only_set)

    def settings_changed(self) -> bool:
        """Whether the settings file was written after this process read it."""
        file = self.desk.settings_file
        try:
            return file is not None and file.stat().st_mtime > self.since
        except OSError:
            return False


def pages(desk: Desk) -> Pages:
    """System: checks, settings, data, about."""
    system = System(desk)
    blueprint = Blueprint("system", __name__)
    _checks(blueprint, system)
    _settings(blueprint, system)
    _about(blueprint)
    return Pages(
        blueprint=blueprint,
        tabs=(
            Tab(entry="system", label="Checks", endpoint="system.checks", order=10),
            Tab(entry="system", label="Settings", endpoint="system.settings", order=50),
            Tab(entry="system", label="Data", endpoint="system.data", order=60),
            Tab(entry="system", label="About", endpoint="system.about", order=70),
        ),
        topics=(
            Topic(name="system", look=system.look, template="checks/system_parts.html", every_s=LOOK_S),
            Topic(name="data", look=system.look_at_store, template="settings/data_parts.html", every_s=STORE_S / 6),
        ),
        api=_api(system),
    )


def _checks(blueprint: Blueprint, system: System) -> None:
    @blueprint.get("/system")
    def checks() -> str:
        return render_template("checks/system.html")

    @blueprint.post("/system/checks")
    def check() -> Response:
        system.rounds.again()
        return redirect(url_for("system.checks"), code=303)


def _settings(blueprint: Blueprint, system: System) -> None:
    @blueprint.get("/system/settings")
    def settings() -> str:
        text, only_set = request.args.get("q", "").strip(), request.args.get("set") == "1"
        if len(text) > LONGEST:
            raise BadUsage("that is too long to search for", hint="a word or two of the key or its meaning are enough")
        file = system.desk.settings_file
        return render_template(
            "settings/settings.html", groups=system.groups(text, only_set=only_set), text=text, only_set=only_set,
            file=file, is_there=file is not None and not is_absent(file), changed=system.settings_changed(),
        )  # fmt: skip

    @blueprint.get("/system/data")
    def data() -> str:
        known = {entry.key: entry for entry in system.desk.settings.entries()}
        kept = [shown_of(known[key]) for key in KEPT if key in known]
        return render_template("settings/data.html", folder=str(system.desk.data), kept=kept)


def _about(blueprint: Blueprint) -> None:
    folder = shipped("docs")

    @blueprint.get("/system/about")
    def about() -> str:
        return render_template(
            "settings/about.html", facts=versions(), packages=packages(), papers=papers(folder), ours=OURS
        )  # fmt: skip

    @blueprint.get("/system/about/licences/<name>")
    def licence(name: str) -> str:
        there = find(name) if is_among(name, packages()) else None
        if there is None:
            abort(404)
        texts = licence_texts(there)
        return render_template("settings/text.html", title=f"{there.name} {there.version}", texts=texts,
                               under="system.about")  # fmt: skip

    @blueprint.get("/system/about/docs/<name>")
    def paper(name: str) -> str:
        text = read_paper(folder, name)
        if text is None:
            abort(404)
        titles = {each.name: each.title for each in papers(folder)}
        return render_template("settings/paper.html", title=titles[name], text=text, known=list(titles),
                               under="system.about")  # fmt: skip


@cache
def versions() -> dict[str, str | None]:
    """What runs here, in which version."""
    uname = platform.uname()
    return {
        "ollascope": __version__,
        "commit": commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "program": sys.executable,
        "system": f"{uname.system} {uname.release}",
        "distribution": os_release(MACHINE).get("PRETTY_NAME"),
        "machine": uname.machine,
    }


def _api(system: System) -> tuple[Endpoint, ...]:
    def checks(_: Asked) -> Json:
        last = system.rounds.look(FIRST_WAIT_S)
        if last is None:
            return {"running": True, "at": None, "state": "unknown", "checks": []}
        return {"running": system.rounds.running, "at": last.at, "state": last.state,
                "checks": [each.to_json() for each in last.findings]}  # fmt: skip

    def check(_: Asked) -> Json:
        system.rounds.again()
        return {"running": True}

    def settings(asked: Asked) -> Json:
        groups = system.groups(asked.text("text"), only_set=asked.flag("set"))
        return {"settings": [entry.to_json() for group in groups for entry in group.entries]}

    def data(_: Asked) -> Json:
        store = system.store.read(FIRST_WAIT_S)
        if store is None:
            return {"known": False}
        return {"known": True, "folder": store.folder, "files": store.files, "bytes": store.bytes,
                "disk_free_bytes": store.free, "disk_total_bytes": store.total,
                "places": [place.to_json() for place in store.places]}  # fmt: skip

    def about(_: Asked) -> Json:
        return {**versions(), "packages": [each.to_json() for each in packages()]}

    searched = Parameter(name="text", meaning="words of the key, the value, the meaning or the origin", longest=LONGEST)
    changed = Parameter(name="set", kind="boolean", default=False, meaning="only what is not the default")
    return (
        Endpoint(path="/system/checks", tag="system", answer=checks, summary="What every check said last, and when"),
        Endpoint(path="/system/checks", tag="system", answer=check, method="POST", summary="Run all checks again"),
        Endpoint(path="/system/processes", tag="system", answer=lambda _: system.family().to_json(),
                 summary="The processes that `ollascope up` keeps running"),
        Endpoint(path="/system/settings", tag="system", answer=settings, query=(searched, changed),
                 summary="Every setting with its value, meaning and origin; secrets are not shown"),
        Endpoint(path="/system/data", tag="system", answer=data, summary="What lies where, and how big it is"),
        Endpoint(path="/system/about", tag="system", answer=about, summary="Versions and licences"),
    )  # fmt: skip
