"""The hub: one thread looks at the topics that somebody watches, and everybody gets the parts that changed."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

import orjson

from ollascope.reports.words import Language
from ollascope.web.language import speaking
from ollascope.web.live.topic import Topic, Viewing

log = logging.getLogger(__name__)

SHARE = 8.0  # a look that takes long is repeated so many times later: the reader takes an eighth of a core at most
POLLED_S = 15.0  # somebody who polls watches until so long after the last time
LONGEST_PAUSE_S = 30.0

Render = Callable[[Topic, Mapping[str, object]], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One topic as one kind of viewer gets it."""

    topic: str
    viewing: Viewing
    language: Language


@dataclass(slots=True, kw_only=True)
class _Look:
    """The last look at a topic, and its parts in the languages that were asked for."""

    topic: Topic
    viewing: Viewing
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float | None = None
    took_s: float = 0.0
    found: Mapping[str, object] = field(default_factory=dict)
    parts: dict[Language, dict[str, tuple[str, int]]] = field(default_factory=dict)  # text, and when it changed
    polled_at: float = float("-inf")
    watchers: int = 0


class Hub:
    """What all live pages of this process share."""

    def __init__(self, topics: Iterable[Topic], render: Render, seats: int) -> None:
        self._topics = {topic.name: topic for topic in topics}
        self._render = render
        self._looks: dict[tuple[str, Viewing], _Look] = {}
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._sequence = 0
        self._free = seats
        self._composed: dict[tuple[tuple[Feed, ...], int], bytes] = {}
        self.boot = secrets.token_hex(4)  # sequence numbers mean nothing to another process
        self.closed = False

    def knows(self, name: str) -> bool:
        """Whether there is a topic of this name."""
        return name in self._topics

    def parts(self, feed: Feed) -> dict[str, str]:
        """The parts of a topic for a page that is being made; looked at anew unless somebody just did."""
        look = self._look_of(feed)
        self._refresh(look, feed.language, fresh_s=look.topic.every_s)
        return {name: text for name, (text, _) in look.parts[feed.language].items()}

    def found(self, name: str, viewing: Viewing) -> Mapping[str, object]:
        """What the last look at a topic found, not older than one turn."""
        look = self._look_of(Feed(topic=name, viewing=viewing, language="en"))
        self._refresh(look, None, fresh_s=look.topic.every_s)
        return look.found

    def sit(self, feeds: Sequence[Feed]) -> bool:
        """Take a seat to be sent events; false where all are taken. Who sits has to leave."""
        with self._changed:
            if self._free <= 0 or self.closed:
                return False
            self._free -= 1
            for feed in feeds:
                look = self._look_of(feed)
                look.watchers += 1
                look.parts.setdefault(feed.language, {})
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        self._wanted.set()
        return True

    def leave(self, feeds: Sequence[Feed]) -> None:
        """Give the seat back."""
        with self._changed:
            self._free += 1
            for feed in feeds:
                self._look_of(feed).watchers -= 1

    def wait(self, feeds: tuple[Feed, ...], since: int, timeout_s: float) -> tuple[int, bytes]:
        """The parts that changed after `since`, as JSON, once there are any; nothing when time is up or all ends."""
        until = monotonic() + timeout_s
        with self._changed:
            while not self.closed:
                news = self._news(feeds, since)
                if news:
                    return self._sequence, news
                left = until - monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return self._sequence, b""

    def poll(self, feeds: tuple[Feed, ...], since: int) -> tuple[int, bytes]:
        """The parts that changed after `since`, looked at now."""
        for feed in feeds:
            look = self._look_of(feed)
            look.polled_at = monotonic()
            self._refresh(look, feed.language, fresh_s=look.topic.every_s)
        with self._changed:
            return self._sequence, self._news(feeds, since)

    def close(self) -> None:
        """Let everybody who waits go home."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        self._wanted.set()

    def _run(self) -> None:
        while not self.closed:
            watched = [look for look in list(self._looks.values()) if look.watchers]
            if not watched:
                self._wanted.wait()
                self._wanted.clear()
                continue
            for look in watched:
                if _due(look) <= monotonic():
                    self._refresh_watched(look)
            pause = min(_due(look) for look in watched) - monotonic()
            self._wanted.wait(min(max(pause, 0.02), LONGEST_PAUSE_S))
            self._wanted.clear()

    def _refresh_watched(self, look: _Look) -> None:
        """A look that fails is a bug, which must not end the live pages of everybody."""
        try:
            for language in list(look.parts):
                self._refresh(look, language, fresh_s=0.0 if language == next(iter(look.parts)) else look.topic.every_s)
        except Exception:
            log.exception("the live figures of %s cannot be made", look.topic.name)
            look.at, look.took_s = monotonic(), LONGEST_PAUSE_S / SHARE

    def _refresh(self, look: _Look, language: Language | None, *, fresh_s: float) -> None:
        """Look, unless it was done just now, and render in a language what has not been."""
        with look.lock:
            began = monotonic()
            is_new = look.at is None or began - look.at >= fresh_s
            if is_new:
                look.found = look.topic.look(look.viewing)
                look.at, look.took_s = began, monotonic() - began
            spoken = set(look.parts) | ({language} if language else set())
            for each in spoken:
                if is_new or not look.parts.get(each):
                    with speaking(each):
                        rendered = self._render(look.topic, look.found)
                    self._take(look, each, rendered)

    def _take(self, look: _Look, language: Language, rendered: Mapping[str, str]) -> None:
        """Note what is another than before, and wake those who wait for it."""
        known = look.parts.setdefault(language, {})
        changed = {
            name: text for name, text in rendered.items() if known.get(name, ("", 0))[0] != text or name not in known
        }
        if not changed:
            return
        with self._changed:
            self._sequence += 1
            look.parts[language] = known | {name: (text, self._sequence) for name, text in changed.items()}
            self._composed.clear()
            self._changed.notify_all()

    def _look_of(self, feed: Feed) -> _Look:
        key = (feed.topic, feed.viewing)
        found = self._looks.get(key)
        if found is None:
            found = self._looks.setdefault(key, _Look(topic=self._topics[feed.topic], viewing=feed.viewing))
        return found

    def _news(self, feeds: tuple[Feed, ...], since: int) -> bytes:
        """What changed after `since`, made once for all who ask the same; empty if nothing did."""
        if since >= self._sequence:
            return b""
        key = (feeds, since)
        made = self._composed.get(key)
        if made is None:
            news = {feed.topic: changed for feed in feeds if (changed := self._changes(feed, since))}
            made = self._composed[key] = orjson.dumps(news) if news else b""
        return made

    def _changes(self, feed: Feed, since: int) -> dict[str, str]:
        parts = self._look_of(feed).parts.get(feed.language, {})
        return {name: text for name, (text, at) in parts.items() if at > since}


def _due(look: _Look) -> float:
    if look.at is None:
        return 0.0
    return look.at + max(look.topic.every_s, min(LONGEST_PAUSE_S, look.took_s * SHARE))
