"""What the monitor answers: by a table of paths, to whom it may."""

import json

import pytest

from ollascope.monitor.loop import Course
from ollascope.monitor.service import Reply, Service, health, readiness
from ollascope.pipe import Ask, Client, Headers, Server, run
from ollascope.words.setting import Secret

PAGES = {
    "/healthz": lambda whole: Reply(body=b"fine, all told" if whole else b"fine"),
    "/metrics": lambda _: Reply(body=b"figures"),
}


def ask(path, *, method="GET", headers=(), **said):
    """Status, headers and body of one answer by a service of its own."""

    async def scene():
        service = Service(said.pop("pages", PAGES), said.pop("admit", lambda _: True), **said)
        server = Server(service)
        (address, *_) = await server.listen()
        client = Client()
        try:
            reply = await client.ask(
                Ask(address=address, method=method, target=path.encode(), headers=Headers(headers))
            )
            return reply.status, reply.headers, await reply.read()
        finally:
            await client.close()
            await server.close(0.1)

    return run(scene())


@pytest.mark.parametrize("said", [{"token": Secret("s3cret")}, {"door": "closed"}, {}])
def test_health_is_open_to_whoever_keeps_processes_running(said):
    assert ask("/healthz", **said)[0] == 200


@pytest.mark.parametrize(
    ("said", "whole"),
    [({"token": Secret("s3cret")}, False), ({"door": "closed"}, False), ({"door": "private"}, False), ({}, True),
     ({"token": Secret("s3cret"), "headers": [(b"authorization", b"Bearer s3cret")]}, True)],
)  # fmt: skip
def test_only_whoever_may_read_the_figures_is_told_how_the_tasks_go(said, whole):
    assert ask("/healthz", **said)[2] == (b"fine, all told" if whole else b"fine")


def test_unknown_host_learns_nothing():
    status, _, body = ask("/metrics", admit=lambda _: False)
    assert (status, b"figures" in body) == (403, False)


def test_unknown_path_is_answered_with_those_there_are():
    status, _, body = ask("/nothing")
    assert status == 404
    assert b"/healthz, /metrics" in body


def test_other_methods_are_refused():
    status, headers, _ = ask("/metrics", method="POST")
    assert (status, headers.first(b"allow")) == (405, b"GET, HEAD")


@pytest.mark.parametrize(
    ("said", "status"),
    [("", 401), ("Bearer", 401), ("Bearer other", 401), ("Basic s3cret", 401), ("bearer s3cret", 401),
     ("Bearer s3cret", 200)],
)  # fmt: skip
def test_token_is_asked_for(said, status):
    headers = [(b"authorization", said.encode())] if said else []
    assert ask("/metrics", token=Secret("s3cret"), headers=headers)[0] == status


def test_private_network_reads_the_figures_without_a_token():
    assert ask("/metrics", door="private")[0] == 200


def test_open_address_without_a_token_tells_how_to_mend_it():
    status, _, body = ask("/metrics", door="closed")
    assert status == 403
    assert b"monitor.token" in body


def test_health_tells_how_the_tasks_go():
    courses = {"sample": Course(done=3), "sums": Course(failures=2, trouble="full")}
    assert json.loads(health(courses, whole=True).body)["tasks"]["sums"]["failures"] == 2
    assert json.loads(health(courses, whole=False).body) == {"status": "ok"}


@pytest.mark.parametrize(
    ("course", "paused", "status"),
    [(Course(), False, 503), (Course(done=1, failures=1, trouble="full"), False, 503), (Course(done=1), True, 503),
     (Course(done=1), False, 200)],
)  # fmt: skip
def test_readiness_needs_a_first_success_and_room(course, paused, status):
    courses = {"sample": course, "other": Course()}
    reply = readiness(courses, ("sample",), paused=paused, whole=True)
    assert reply.status == status
    assert bool(json.loads(reply.body)["missing"]) == (status == 503)
    reply = readiness(courses, ("sample",), paused=paused, whole=False)
    assert (reply.status, list(json.loads(reply.body))) == (status, ["status"])
