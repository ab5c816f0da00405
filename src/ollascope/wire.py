"""The one place that builds objects from settings."""

import sys
from collections.abc import Mapping
from dataclasses import replace

from ollascope.console.invocation import Invocation
from ollascope.console.show import detail
from ollascope.processes.plan import Child
from ollascope.settings.load import Settings, Sources, load

SECTIONS = {
    "data": "ollascope.settings.data:Data",
    "addresses": "ollascope.settings.addresses:Addresses",
    "checks": "ollascope.checks.limits:Checks",
    "processes": "ollascope.processes.settings:Processes",
    "engines": "ollascope.engines.settings:Engines",
    "serve": "ollascope.serve.settings:Serve",
    "fake": "ollascope.engines.fake.settings:Fake",
    "llamacpp": "ollascope.serve.llamacpp.settings:Llamacpp",
    "host": "ollascope.host.thresholds:Host",
    "logs": "ollascope.logs.setup:Logs",
    "ledger": "ollascope.ledger.settings:Ledger",
    "monitor": "ollascope.monitor.settings:Monitor",
    "probes": "ollascope.monitor.probing.settings:Probes",
    "objectives": "ollascope.monitor.objectives:Objectives",
    "alerts": "ollascope.monitor.alerts.settings:Alerts",
    "dashboard": "ollascope.web.settings:Dashboard",
}

CHILDREN: dict[str, Child] = {  # a line for each process that `ollascope up` keeps running
    "monitor": Child(command=("ollascope", "monitor"), key="addresses.monitor", ready="/healthz"),
    "dashboard": Child(command=("ollascope", "dashboard"), key="addresses.dashboard", ready="/healthz", page=True),
}
ENGINE = Child(command=("ollascope", "serve", "--demo", "--port", "{port}"), port=0, badge="DEMO")  # if none is there


def load_settings(invocation: Invocation) -> Settings:
    """The settings in force: defaults, then the file, then the environment, then the flags of this invocation."""
    settings = load(SECTIONS, sources(invocation))
    files = ", ".join(str(path) for path in settings.files()) or "no settings file"
    detail(f"settings: {files}; data folder: {settings.data_folder}")
    return settings


def sources(invocation: Invocation) -> Sources:
    """Where this invocation's settings come from."""
    return Sources.of_process(
        file=invocation.settings_file, data_folder=invocation.data_folder, assignments=invocation.assignments
    )


def children(invocation: Invocation, settings: Settings) -> dict[str, Child]:
    """The children with their addresses and whole command lines, as these settings and this invocation want them."""
    values = {entry.key: entry.raw for entry in settings.entries()}
    return {name: _addressed(_commanded(child, invocation), values) for name, child in CHILDREN.items()}


def demo_engine(invocation: Invocation, settings: Settings) -> tuple[Child | None, str]:
    """The embedded engine with the demo model as a child, if no other engine is there or wanted; and why."""
    from ollascope.engines.llamacpp.wanted import want_demo  # noqa: PLC0415 - only `up` asks for an Ollama
    from ollascope.engines.settings import Engines  # noqa: PLC0415
    from ollascope.serve.llamacpp.settings import Llamacpp  # noqa: PLC0415

    verdict = want_demo(settings.of(Engines), allowed=settings.of(Llamacpp).demo)
    return (_commanded(ENGINE, invocation) if verdict.wanted else None), verdict.why


def program(invocation: Invocation) -> tuple[str, ...]:
    """The command line of this program with the options that hold for every command."""
    words = [sys.executable, "-P", "-m", "ollascope"]
    words += ["--settings", str(invocation.settings_file.absolute())] if invocation.settings_file else []
    words += ["--data", str(invocation.data_folder.absolute())] if invocation.data_folder else []
    return (*words, *(f"--set={each}" for each in invocation.assignments))


def _commanded(child: Child, invocation: Invocation) -> Child:
    ours = child.command[:1] == ("ollascope",)
    return replace(child, command=(*program(invocation), *child.command[1:])) if ours else child


def _addressed(child: Child, values: Mapping[str, object]) -> Child:
    """A child whose port is a setting has the host of the same section."""
    host, port = values.get(f"{child.key.rpartition('.')[0]}.host"), values.get(child.key)
    if not child.key:
        return child
    assert isinstance(port, int), f"{child.key} is no port"
    return replace(child, port=port, host=str(host) if host else child.host)
