"""Why something is out of order, in words, with the figures that every judge went by."""

import math

from ollascope.monitor.anomalies.signals import Signal
from ollascope.monitor.anomalies.state import Standing, Track
from ollascope.monitor.anomalies.votes import FAR_Z, LIKELY, LIMIT, Evidence
from ollascope.words.alerts import Condition, Severity

HALF = 0.5  # of the requests failed: nobody can work


def condition_of(track: Track, signal: Signal, active: bool | None) -> Condition:
    """What is known of a signal that is, or was, out of order."""
    labels = {"signal": track.signal, "model": track.model, "backend": track.backend}
    worse = track.standing.active * signal.bad > 0
    return Condition(
        name=f"{track.signal}-anomaly",
        kind=signal.kind,
        active=active,
        severity=_severity(track, signal, worse),
        labels={name: text for name, text in labels.items() if text},
        reason=_again(track) if active is False else track.why,
        hint=signal.hint if worse else "something became better: a model, its quantisation or the machine changed",
        value=track.value,
        bound=track.usual,
    )


def values_why(track: Track, signal: Signal, evidence: Evidence) -> str:
    """Why a figure is out of order."""
    away = f"{_change(track, signal)}, for {_since(track.standing)}"
    judges = (
        f"distance from usual z {evidence.z:.1f} (limit {FAR_Z:g})",
        f"CUSUM {evidence.cusum:.1f} (limit {LIMIT:g})",
        f"{evidence.out} of {evidence.of} values beyond the usual range (by chance {_chance(evidence.chance)})",
    )
    shown = f"{_subject(track, signal)}: {figure(track.value, signal)}, usually {figure(track.usual, signal)}"
    return f"{shown}, {away}; {'; '.join(judges)}"


def failures_why(track: Track, signal: Signal, evidence: Evidence) -> str:
    """Why failures are more than chance."""
    judges = (
        f"this minute by chance {_chance(10**-evidence.z)} (limit {LIKELY:g})",
        f"CUSUM {evidence.cusum:.1f} (limit {LIMIT:g})",
        f"together by chance {_chance(evidence.chance)} (limit {LIKELY:g})",
    )
    shown = f"{_subject(track, signal)}: {evidence.out} of {evidence.of} requests, {figure(track.value, signal)}"
    return f"{shown}, usually {figure(track.usual, signal)}, for {_since(track.standing)}; {'; '.join(judges)}"


def figure(value: float, signal: Signal) -> str:
    """A figure with its unit."""
    number = value * 100 if signal.unit == "%" else value
    digits = max(0, 2 - math.floor(math.log10(abs(number)))) if number else 0
    return f"{number:.{min(digits, 6)}f} {signal.unit}"


def _subject(track: Track, signal: Signal) -> str:
    name = track.signal.partition("_")[0]
    what = f"{signal.says} {name[3:]}" if name.startswith("gpu") else signal.says
    return what + (f" of {track.model}" if track.model else "") + (f" at {track.backend}" if track.backend else "")


def _change(track: Track, signal: Signal) -> str:
    if signal.log:
        return f"{track.value / track.usual:.2f} times" if track.usual else "from nothing"
    return f"{figure(track.value - track.usual, signal)} more"


def _since(standing: Standing) -> str:
    return "three windows or more" if standing.active else f"{abs(standing.streak)} windows"


def _chance(chance: float) -> str:
    return "below 1e-12" if chance < 1e-12 else f"{chance:.1g}"


def _again(track: Track) -> str:
    return track.why.partition(";")[0] + "; five windows in a row are usual again, or nothing comes any more"


def _severity(track: Track, signal: Signal, worse: bool) -> Severity:
    if not worse:
        return "info"
    return "critical" if signal.name == "errors" and track.value >= HALF else "warning"
