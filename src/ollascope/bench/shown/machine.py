"""The machine during a run: drawn over the same time as the latencies, and what the run took of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ollascope.bench.result import Reading, Result, Server, Use
from ollascope.bench.shown.charts import marks_of, span_of, time_axis
from ollascope.console.show import size_text
from ollascope.logs.form import printable
from ollascope.reports.charts.line import Series
from ollascope.reports.charts.panels import Panel, panels
from ollascope.reports.parts import Chart, Facts
from ollascope.reports.say import Say, count, digits, maybe, seconds, share
from ollascope.reports.words import Language, word
from ollascope.words.record import Json

GIB: Final = 2**30
Of = Callable[[Reading], float | None]
Rows = list[tuple[str, str]]


def _gib(value: float) -> str:
    return f"{digits(value)} GiB"


def _in_gib(size: int | None) -> float | None:
    """Round numbers on an axis are round in this unit."""
    return None if size is None else size / GIB


def _gigahertz(value: float) -> str:
    return f"{digits(value / 1e9)} GHz"


def _celsius(value: float) -> str:
    return f"{digits(value)} °C"


def _watts(value: float) -> str:
    return f"{digits(value)} W"


def size(value: float) -> str:
    """Bytes as people read them."""
    return size_text(int(value))


_PANELS: Final[tuple[tuple[str, Say, Mapping[str, Of]], ...]] = (
    ("CPU in use", share, {"machine": lambda one: one.cpu_ratio, "other programs": lambda one: one.others_cpu_ratio}),
    ("CPU cores in use", digits, {"server": lambda one: one.server_cpu_ratio,
                                  "load tester": lambda one: one.client_cpu_ratio}),
    ("memory", _gib, {"server": lambda one: _in_gib(one.server_rss_bytes),
                      "load tester": lambda one: _in_gib(one.client_rss_bytes),
                      "available": lambda one: _in_gib(one.memory_available_bytes)}),
    ("CPU frequency", _gigahertz, {"": lambda one: one.cpu_hertz}),
    ("CPU temperature", _celsius, {"": lambda one: one.cpu_temperature_celsius}),
    ("power", _watts, {"machine": lambda one: one.watts, "GPU": lambda one: one.gpu_watts}),
    ("GPU in use", share, {"": lambda one: one.gpu_ratio}),
    ("GPU memory", _gib, {"": lambda one: _in_gib(one.gpu_memory_bytes)}),
    ("CPU taken by other machines (steal)", share, {"": lambda one: one.steal_ratio}),
    ("swap in use", _gib, {"": lambda one: _in_gib(one.swap_used_bytes)}),
)  # fmt: skip
_ONLY_IF_ANY: Final = {"CPU taken by other machines (steal)", "swap in use"}


def machine_chart(result: Result, language: Language) -> Chart:
    """All that was read of the machine, over the time of the run."""
    title = word("The machine over the same time", language)
    rows = [
        Panel(title=word(name, language), say=say, zero=name != "CPU frequency", series=_series(result, of, language))
        for name, say, of in _PANELS
        if name not in _ONLY_IF_ANY or any(read(one) for read in of.values() for one in result.readings)
    ]
    svg = panels(rows, time_axis(language), span_of(result), label=title, marks=marks_of(result, language))
    return Chart(svg=svg, title=title)


def use_facts(result: Result, language: Language) -> Facts:
    """What the run took of the machine, server and client apart."""
    use, client = result.use, result.client
    rows = [
        ("CPU time of the server", maybe(seconds, use.server_cpu_s, language)),
        ("CPU time of the load tester", _client_cpu(result, language)),
        ("memory of the server, most", maybe(size, use.server_rss_peak_bytes, language)),
        ("memory of the load tester", maybe(size, client.rss_bytes, language)),
        ("CPU in use, mean", maybe(share, use.cpu_ratio_mean, language)),
        ("other programs, most", maybe(share, use.others_cpu_ratio_max, language)),
        ("CPU taken by other machines, most", maybe(share, use.steal_ratio_max, language)),
        ("CPU frequency", _range(use, language)),
        ("swap grown by", maybe(size, use.swap_grown_bytes, language)),
        ("energy", _energy(use, language)),
        ("slowed down by heat or a limit", _claim(use.throttled, language)),
    ]
    translated = [(word(name, language), text) for name, text in rows]
    return Facts(title=word("What it took", language), rows=translated)


def client_facts(result: Result, language: Language) -> Facts:
    """What measuring cost, and how well the load tester kept up."""
    client = result.client
    rows = [
        ("worker processes", count(client.workers)),
        ("CPU time", maybe(seconds, client.cpu_s, language)),
        ("CPU time for each token", maybe(lambda value: f"{digits(value)} µs", client.cpu_per_token_us, language)),
        ("busiest worker, of one core", maybe(share, client.cpu_share, language)),
        ("its loop was late, p99", maybe(seconds, client.loop_lag_p99_s, language)),
        ("its loop was late, most", maybe(seconds, client.loop_lag_worst_s, language)),
        ("memory", maybe(size, client.rss_bytes, language)),
    ]
    translated = [(word(name, language), text) for name, text in rows]
    return Facts(title=word("What measuring cost", language), rows=translated)


def server_rows(server: Server, language: Language) -> Rows:
    """Who answered, and what was another thing afterwards."""
    name = " ".join(part for part in (server.engine, server.version) if part)
    where = word("on this machine" if server.same_host else "on another machine", language)
    rows = [(word("answered by", language), " · ".join([printable(name) or word("unknown", language), where]))]
    if server.loads:
        rows.append((word("times the model was loaded", language), count(server.loads)))
    if server.changed:
        rows.append((word("changed during the run", language), printable("; ".join(server.changed))))
    return rows


def machine_rows(machine: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What is known of the machine, as the run recorded it."""
    for name, value in machine.items():
        if name.endswith("_bytes") and isinstance(value, int | float):
            yield name.removesuffix("_bytes").replace("_", " "), size(value)
        elif isinstance(value, str | int | float):
            yield name.replace("_", " "), printable(str(value))
        elif isinstance(value, list | tuple) and value:
            yield name.replace("_", " "), printable(", ".join(str(one) for one in value))


def _series(result: Result, of: Mapping[str, Of], language: Language) -> list[Series]:
    return [
        Series(name=word(name, language), points=[(one.at_s, read(one)) for one in result.readings])
        for name, read in of.items()
    ]


def _client_cpu(result: Result, language: Language) -> str:
    text = maybe(seconds, result.client.cpu_s, language)
    if result.client.cpu_per_token_us is None:
        return text
    each = word("{time} µs a token", language).format(time=digits(result.client.cpu_per_token_us))
    return f"{text} · {each}"


def _range(use: Use, language: Language) -> str:
    if use.cpu_hertz_min is None or use.cpu_hertz_max is None:
        return word("not measured", language)
    return f"{_gigahertz(use.cpu_hertz_min)} – {_gigahertz(use.cpu_hertz_max)}"


def _energy(use: Use, language: Language) -> str:
    parts = [f"{digits(use.joules)} J"] if use.joules is not None else []
    if use.joules_per_token is not None:
        parts.append(word("{count} J a token", language).format(count=digits(use.joules_per_token)))
    if use.gpu_joules is not None:
        parts.append(f"GPU {digits(use.gpu_joules)} J")
    return " · ".join(parts) or word("not measured", language)


def _claim(value: bool | None, language: Language) -> str:
    return word("not measured" if value is None else "yes" if value else "no", language)
