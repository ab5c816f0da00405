"""The hub: one look for all, parts sent when they changed, seats that are given back."""

import json
import threading
import time

import pytest

from ollascope.web.live.hub import Feed, Hub
from ollascope.web.live.topic import Topic, Viewing

PATIENCE_S = 10.0
FEED = Feed(topic="t", viewing=Viewing(), language="en")


class Figures:
    """A topic whose figures a test sets, and which counts how often it was looked at."""

    def __init__(self, **values):
        self.values = values
        self.looks = 0

    def look(self, viewing):
        self.looks += 1
        return dict(self.values, everything=viewing.everything)


def render(topic, found):
    return {name: json.dumps(value) for name, value in found.items()}


def hub_of(figures, seats=4, every_s=0.02):
    return Hub([Topic(name="t", look=figures.look, every_s=every_s)], render, seats)


@pytest.fixture
def figures():
    return Figures(a=1, b=2)


def test_bug_in_a_look_is_logged_and_the_others_go_on(caplog):
    def broken(_):
        raise ZeroDivisionError

    good = Figures(a=1)
    topics = [Topic(name="bad", look=broken, every_s=0.02), Topic(name="t", look=good.look, every_s=0.02)]
    hub = Hub(topics, render, 4)
    feeds = (Feed(topic="bad", viewing=Viewing(), language="en"), FEED)
    assert hub.sit(feeds)
    _, news = hub.wait(feeds, 0, PATIENCE_S)
    assert set(json.loads(news)) == {"t"}
    assert "bad cannot be made" in caplog.text
    hub.close()


def test_first_answer_has_every_part_and_the_next_only_what_changed(figures):
    hub = hub_of(figures)
    hub.sit((FEED,))
    sequence, news = hub.wait((FEED,), 0, PATIENCE_S)
    assert json.loads(news) == {"t": {"a": "1", "b": "2", "everything": "false"}}
    figures.values["b"] = 3
    later, news = hub.wait((FEED,), sequence, PATIENCE_S)
    assert json.loads(news) == {"t": {"b": "3"}}
    assert later > sequence
    hub.close()


def test_nothing_is_sent_while_nothing_changes(figures):
    hub = hub_of(figures)
    hub.sit((FEED,))
    sequence, _ = hub.wait((FEED,), 0, PATIENCE_S)
    assert hub.wait((FEED,), sequence, 0.05) == (sequence, b"")
    hub.close()


def test_who_comes_back_gets_what_changed_meanwhile(figures):
    hub = hub_of(figures)
    first, _ = hub.poll((FEED,), 0)
    for value in (5, 6):
        figures.values["a"] = value
        time.sleep(0.025)
        hub.poll((FEED,), 0)
    assert json.loads(hub.poll((FEED,), first)[1]) == {"t": {"a": "6"}}


def test_many_viewers_cost_one_look(figures):
    hub = hub_of(figures, seats=40, every_s=5.0)
    got = []

    def view():
        hub.sit((FEED,))
        got.append(hub.wait((FEED,), 0, PATIENCE_S)[1])
        hub.leave((FEED,))

    threads = [threading.Thread(target=view) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(got) == 40
    assert len(set(got)) == 1
    assert figures.looks == 1
    hub.close()


def test_seats_are_bounded_and_given_back(figures):
    hub = hub_of(figures, seats=2)
    assert [hub.sit((FEED,)) for _ in range(3)] == [True, True, False]
    hub.leave((FEED,))
    assert hub.sit((FEED,))
    hub.close()


def test_nobody_is_looked_at_for_when_nobody_watches(figures):
    hub = hub_of(figures)
    hub.sit((FEED,))
    hub.wait((FEED,), 0, PATIENCE_S)
    hub.leave((FEED,))
    time.sleep(0.05)
    before = figures.looks
    time.sleep(0.05)
    assert figures.looks <= before + 1  # one may have been on its way
    hub.close()


def test_who_waits_is_let_go_at_the_end(figures):
    hub = hub_of(figures)
    hub.sit((FEED,))
    sequence, _ = hub.wait((FEED,), 0, PATIENCE_S)
    ended = threading.Event()
    threading.Thread(target=lambda: (hub.wait((FEED,), sequence, PATIENCE_S), ended.set()), daemon=True).start()
    hub.close()
    assert ended.wait(PATIENCE_S)
    assert not hub.sit((FEED,))


def test_viewers_who_count_otherwise_get_other_figures(figures):
    hub = hub_of(figures)
    everything = Feed(topic="t", viewing=Viewing(everything=True), language="en")
    assert hub.parts(FEED)["everything"] == "false"
    assert hub.parts(everything)["everything"] == "true"


def test_long_look_is_repeated_later(figures):
    slow = Figures(a=1)

    def look(viewing):
        time.sleep(0.03)
        return slow.look(viewing)

    hub = Hub([Topic(name="t", look=look, every_s=0.001)], render, 4)
    hub.sit((FEED,))
    began = time.monotonic()
    while slow.looks < 4:
        time.sleep(0.01)
        assert time.monotonic() - began < PATIENCE_S
    hub.close()
    assert time.monotonic() - began >= 3 * 8 * 0.03


def test_page_of_a_moment_ago_is_not_looked_at_anew(figures):
    hub = hub_of(figures, every_s=60.0)
    assert hub.parts(FEED) == hub.parts(FEED)
    assert hub.parts(Feed(topic="t", viewing=Viewing(), language="zh"))
    assert figures.looks == 1
