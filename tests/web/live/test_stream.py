"""Events and polling over HTTP."""

import json
import re

import pytest

from ollascope.web.guard.password import keep_password
from ollascope.web.live import stream
from ollascope.web.table import ROOMS
from tests.web.site import make_site

SAMPLE = {**ROOMS, "sample": "tests.web.sample:pages"}


@pytest.fixture
def site(tmp_path):
    made = make_site(tmp_path, "dashboard.streams=1", rooms=SAMPLE)
    yield made
    made.made.hub.close()


def first_event(answer):
    lines = b""
    for piece in answer.response:
        lines += piece
        if b"data: " in lines:
            break
    return dict(line.split(": ", 1) for line in lines.decode().splitlines() if ": " in line)


@pytest.mark.parametrize(
    "query", ["", "topics=", "topics=absent", "topics=sample,absent", "topics=" + ",".join(map(str, range(20)))]
)
@pytest.mark.parametrize("path", ["/api/v1/live", "/api/v1/live/poll"])
def test_unknown_topics_are_refused(site, path, query):
    answer = site.client.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert answer.json["error"]["hint"]


def test_events_carry_a_number_and_what_changed(site):
    answer = site.client.get("/api/v1/live?topics=sample", buffered=False)
    assert answer.mimetype == "text/event-stream"
    event = first_event(answer)
    assert json.loads(event["data"]) == {"sample": {"everything": "false"}}
    assert event["id"].startswith(site.made.hub.boot)
    answer.close()


def test_without_a_free_seat_the_browser_is_told_to_poll(site):
    held = site.client.get("/api/v1/live?topics=sample", buffered=False)
    other = site.made.app.test_client()
    assert other.get("/api/v1/live?topics=sample").status_code == 204
    assert other.get("/api/v1/live/poll?topics=sample").json["news"] == {"sample": {"everything": "false"}}
    held.close()
    freed = other.get("/api/v1/live?topics=sample", buffered=False)
    assert freed.status_code == 200
    freed.close()


def test_poll_with_the_last_number_brings_only_news(site):
    first = site.client.get("/api/v1/live/poll?topics=sample").json
    assert site.client.get(f"/api/v1/live/poll?topics=sample&since={first['id']}").json["news"] == {}


@pytest.mark.parametrize("since", ["x", "0000000-1", "12345678-99999", "ffffffff-", "' OR 1"])
def test_number_of_another_process_means_nothing(site, since):
    site.client.get("/api/v1/live/poll?topics=sample")
    assert site.client.get("/api/v1/live/poll", query_string={"topics": "sample", "since": since}).json["news"]


def test_last_event_id_is_heeded(site):
    known = site.client.get("/api/v1/live/poll?topics=sample").json["id"]
    site.client.set_cookie("ollascope-everything", "1")
    answer = site.client.get("/api/v1/live?topics=sample", headers={"Last-Event-ID": known}, buffered=False)
    assert json.loads(first_event(answer)["data"]) == {"sample": {"everything": "true"}}
    answer.close()


def pieces(answer):
    """What a stream sends until it ends."""
    return [bytes(piece) for piece in answer.response]


def test_stream_ends_in_time_and_lets_the_browser_come_again_at_once(site, monkeypatch):
    monkeypatch.setattr(stream, "LIFE_S", 0.05)
    answer = site.client.get("/api/v1/live?topics=sample", buffered=False)
    assert pieces(answer)[-1] == b"retry: 50\n\n"


def test_stream_of_a_viewer_ends_with_the_password(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    keep_password(tmp_path / "data", "correct horse")
    site = make_site(tmp_path, host="0.0.0.0", rooms=SAMPLE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', site.client.get("/login").text)[1]
    site.client.post("/login", data={"password": "correct horse", "csrf_token": token})
    answer = site.client.get("/api/v1/live?topics=sample", buffered=False)
    keep_password(tmp_path / "data", "another horse")
    assert pieces(answer) == [b"retry: 2000\n\n"]
    site.made.hub.close()
