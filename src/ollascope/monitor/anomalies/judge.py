"""The judge: minutes in, conditions out, and what must be remembered for the next ones."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from ollascope.monitor.anomalies.failures import failure_reference, weigh_failures
from ollascope.monitor.anomalies.hysteresis import after
from ollascope.monitor.anomalies.pace import learn, residuals
from ollascope.monitor.anomalies.reference import closed_hour, kept, reference_of
from ollascope.monitor.anomalies.saying import condition_of, failures_why, values_why
from ollascope.monitor.anomalies.signals import ERRORS, Signal, signal_of
from ollascope.monitor.anomalies.state import Hour, Pace, Standing, State, Track
from ollascope.monitor.anomalies.votes import margin_of, stand_out, weigh
from ollascope.monitor.windows import Window
from ollascope.words.alerts import Condition

HOUR_S = 3600.0
FEWEST = 4  # values of Calls that are judged together; those of fewer wait
WAIT_S = 1800.0
BREAK_S = 2 * HOUR_S  # after so long without a word, what came before does not go on
ADOPTED_S = 86_400.0  # after which what lasts is what is usual
UNKNOWN_S, GONE_S = 900.0, 6 * HOUR_S  # without a word of it
TOLD_S = HOUR_S  # how long an end is told
FORGOTTEN_S = 14 * 86_400.0
MOST_TRACKS = 400
STARTS_PER_H = 10
LEAST_SPREAD = 0.2  # of the margin: below it nothing is told apart

Part = tuple[Signal, str, tuple[float, ...], tuple[float, ...]]  # signal, its name, values to judge, values to show


def judge(state: State, windows: Sequence[Window], now: float) -> tuple[State, tuple[Condition, ...]]:
    """The state after these minutes, oldest first, and a condition for all that is or lately was out of order."""
    tracks, paces, starts = dict(state.tracks), dict(state.paces), list(state.starts)
    for window in windows:
        for track in _judged(window, tracks, paces, starts):
            tracks[_key(track)] = track
    tracks = {key: _rested(track, now) for key, track in _latest(tracks, now).items()}
    places = {_place(track.model, track.backend) for track in tracks.values()}
    state = replace(state, tracks=tracks, paces={place: pace for place, pace in paces.items() if place in places},
                    starts=tuple(at for at in starts if now - at < HOUR_S))  # fmt: skip
    return state, tuple(_conditions(state, now))


def scores(state: State) -> Mapping[tuple[str, str, str], tuple[float, bool]]:
    """How far each signal, model and backend is from usual, in its spreads, and whether it is out of order."""
    return {(track.signal, track.model, track.backend): (track.score, track.standing.active != 0)
            for track in state.tracks.values()}  # fmt: skip


def _judged(
    window: Window, tracks: Mapping[str, Track], paces: dict[str, Pace], starts: list[float]
) -> Iterator[Track]:
    place = _place(window.model, window.backend)
    pace = paces.get(place, Pace())
    quiet = True
    for signal, name, values, observed in _parts(window, pace):
        track = _track(tracks, name, window)
        fresh = _advanced(track, signal, values, (*track.observed, *observed), (window.at, _has_room(starts, window)))
        _note_start(track, fresh, starts)
        if name == "ttft":
            quiet = fresh.standing.active == 0 and fresh.standing.streak == 0
        yield fresh
    if quiet and window.firsts:
        paces[place] = learn(pace, window.firsts, window.at)
    if window.calls:
        track = _track(tracks, ERRORS.name, window)
        fresh = _after_failures(track, window, room=_has_room(starts, window))
        _note_start(track, fresh, starts)
        yield fresh


def _parts(window: Window, pace: Pace) -> Iterator[Part]:
    own = tuple(seconds for _, seconds in window.firsts)
    found = [
        ("ttft", residuals(pace, window.firsts), own),
        ("gap", tuple(map(math.log, window.gaps)), window.gaps),
        ("rate", tuple(map(math.log, window.rates)), window.rates),
        *((name, values, values) for name, values in window.readings.items()),
    ]
    for name, values, observed in found:
        signal = signal_of(name)
        if signal is not None and values:
            yield signal, name, values, observed


def _advanced(
    track: Track, signal: Signal, values: tuple[float, ...], observed: tuple[float, ...], moment: tuple[float, bool]
) -> Track:
    at, room = moment
    waiting = track.waiting if at - track.seen < WAIT_S else ()
    track = _turned(replace(track, seen=at), signal, at)
    together = (*waiting, *values)
    if track.model and len(together) < FEWEST:
        return replace(track, waiting=together, observed=observed[-FEWEST:])
    track = replace(track, at=at, waiting=(), observed=())
    reference = track.reference
    if reference is None:
        return _learnt(track, together, (len(together), 0, 0))
    track, evidence = weigh(track, signal, together, reference)
    standing = after(track.standing, evidence, at, room=room)
    if standing.active or standing.streak:
        track = _shown(replace(track, standing=standing), signal, together, observed)
        why = values_why(track, signal, evidence) if standing.calm == 0 else track.why
        return _adopted(replace(track, why=why), at)
    if standing.ended_at == at:
        return replace(track, standing=standing, cusum=(0.0, 0.0), recent=())
    counted = stand_out(together, reference.level, margin_of(signal, reference))
    return _learnt(replace(track, standing=standing), together, counted)


def _turned(track: Track, signal: Signal, at: float) -> Track:
    """The track in the hour of that moment; what the last one was like is remembered once it is over."""
    if at - track.at > BREAK_S and not track.standing.active:
        track = replace(track, ewma=0.0, cusum=(0.0, 0.0), recent=(), standing=replace(track.standing, streak=0))
    hour = int(at // HOUR_S)
    if hour == track.hour:
        return track
    hours = track.hours
    if track.values:
        hours = (*hours, closed_hour(track.hour, track.values, track.counts))
    elif signal is ERRORS and track.counts[0]:
        hours = (*hours, Hour(hour=track.hour, calls=track.counts[0], high=track.counts[1]))
    hours = kept(hours, hour)
    floor = signal.margin * LEAST_SPREAD
    found = failure_reference(hours) if signal is ERRORS else reference_of(hours, hour, floor)
    return replace(track, hours=hours, hour=hour, values=(), counts=(0, 0, 0), reference=found or track.reference)


def _learnt(track: Track, values: tuple[float, ...], counted: tuple[int, int, int]) -> Track:
    counts = tuple(had + more for had, more in zip(track.counts, counted, strict=True))
    return replace(track, values=(*track.values, median(values)), counts=(counts[0], counts[1], counts[2]))


def _shown(track: Track, signal: Signal, values: tuple[float, ...], observed: tuple[float, ...]) -> Track:
    assert track.reference is not None
    away = median(values) - track.reference.level
    value = median(observed)
    return replace(track, value=value, usual=value / math.exp(away) if signal.log else value - away)


def _adopted(track: Track, at: float) -> Track:
    """What has lasted for a day is what is usual: a new machine, model or way of asking."""
    since = track.standing.since
    if since is None or at - since < ADOPTED_S:
        return track
    return Track(signal=track.signal, model=track.model, backend=track.backend, at=at, seen=at, hour=track.hour,
                 standing=Standing(ended_at=at), value=track.value, usual=track.usual, why=track.why)  # fmt: skip


def _after_failures(track: Track, window: Window, *, room: bool) -> Track:
    track = replace(_turned(track, ERRORS, window.at), at=window.at, seen=window.at)
    track, evidence = weigh_failures(track, window.calls, window.failures, ERRORS.margin)
    standing = after(track.standing, evidence, window.at, room=room)
    assert track.reference is not None
    shown = replace(track, standing=standing, value=evidence.out / evidence.of, usual=track.reference.level)
    if standing.active or standing.streak:
        return replace(shown, why=failures_why(shown, ERRORS, evidence) if standing.calm == 0 else track.why)
    if standing.ended_at == window.at:
        return replace(shown, cusum=(0.0, 0.0), recent=())
    calls, failures, _ = track.counts
    return replace(shown, counts=(calls + window.calls, failures + window.failures, 0))


def _conditions(state: State, now: float) -> Iterator[Condition]:
    for track in state.tracks.values():
        signal = signal_of(track.signal)
        if signal is None:
            continue
        ended = track.standing.ended_at
        if track.standing.active:
            yield condition_of(track, signal, None if now - track.seen > UNKNOWN_S else True)
        elif ended is not None and now - ended < TOLD_S and track.why:
            yield condition_of(track, signal, active=False)


def _rested(track: Track, now: float) -> Track:
    """What nobody has heard of for hours is not out of order any more."""
    if track.standing.active and now - track.seen > GONE_S:
        return replace(track, standing=Standing(ended_at=now), cusum=(0.0, 0.0), recent=(), waiting=())
    return track


def _latest(tracks: Mapping[str, Track], now: float) -> dict[str, Track]:
    known = {key: track for key, track in tracks.items() if now - track.seen < FORGOTTEN_S}
    if len(known) <= MOST_TRACKS:
        return known
    return dict(sorted(known.items(), key=lambda entry: -entry[1].seen)[:MOST_TRACKS])


def _track(tracks: Mapping[str, Track], name: str, window: Window) -> Track:
    fresh = Track(signal=name, model=window.model, backend=window.backend)
    return tracks.get(_key(fresh), fresh)


def _note_start(before: Track, now: Track, starts: list[float]) -> None:
    if now.standing.active and not before.standing.active:
        starts.append(now.at)


def _has_room(starts: Sequence[float], window: Window) -> bool:
    return sum(window.at - at < HOUR_S for at in starts) < STARTS_PER_H


def _key(track: Track) -> str:
    return f"{track.signal}\t{_place(track.model, track.backend)}"


def _place(model: str, backend: str) -> str:
    return f"{model}\t{backend}"
