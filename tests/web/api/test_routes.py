"""The JSON API: what a caller gives is checked by the table, and the document says so."""

import pytest

from ollascope.web.table import ROOMS
from tests.web.site import make_site

SAMPLE = {**ROOMS, "sample": "tests.web.sample:pages"}


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, rooms=SAMPLE)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=10", "limit=x", "limit=1.5", "limit=", "limit=99999999999999999999", "ratio=nan", "ratio=inf",
     "ratio=x", "kind=other", "unknown=1", "limit=٣x"],
)  # fmt: skip
def test_wrong_parameter_is_refused_with_a_hint(site, query):
    answer = site.client.get(f"/api/v1/sample/x?{query}")
    assert answer.status_code == 400
    assert set(answer.json["error"]) == {"code", "message", "hint"}


def test_too_long_a_name_in_the_path_is_refused(site):
    assert site.client.get(f"/api/v1/sample/{'x' * 21}").status_code == 400


def test_right_parameters_arrive_with_their_kinds(site):
    assert site.client.get("/api/v1/sample/x?limit=7&ratio=0.5").json == {"name": "x", "limit": 7, "ratio": 0.5}
    assert site.client.get("/api/v1/sample/x").json == {"name": "x", "limit": 5, "ratio": None}


@pytest.mark.parametrize(
    "body",
    [{}, {"name": 5}, {"name": "x", "on": "yes"}, {"name": "x", "on": 1}, {"name": "x", "more": 1}, {"name": "x" * 21},
     [], "x", {"name": None}],
)  # fmt: skip
def test_wrong_body_is_refused(site, body):
    answer = site.client.post("/api/v1/sample", json=body, headers={"X-CSRF-Token": site.token()})
    assert answer.status_code == 400
    assert answer.json["error"]["hint"]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"name":"x"} x', b"[" * 5000])
def test_body_that_is_no_json_is_refused(site, data):
    headers = {"X-CSRF-Token": site.token()}
    answer = site.client.post("/api/v1/sample", data=data, content_type="application/json", headers=headers)
    assert answer.status_code == 400
    assert answer.json["error"]["code"]


def test_body_of_another_kind_is_refused(site):
    headers = {"X-CSRF-Token": site.token()}
    answer = site.client.post("/api/v1/sample", data="name=x", content_type="text/plain", headers=headers)
    assert answer.status_code == 415


def test_change_is_made_once_it_is_right(site):
    assert site.send("POST", "/api/v1/sample", {"name": "x", "on": True}).json == {"changed": ["x"], "on": True}


def test_bug_is_told_as_json_without_its_inside(site):
    answer = site.client.get("/api/v1/sample/x?kind=bug")
    assert answer.status_code == 500
    assert answer.json["error"]["code"] == "bug"
    assert "secret" not in answer.text


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_other_method_is_told_as_json(site, method):
    answer = site.send(method, "/api/v1/now")
    assert answer.status_code == 405
    assert answer.json["error"]["code"] == "http-405"
    assert "GET" in answer.headers["Allow"]


def test_unknown_route_is_told_as_json(site):
    answer = site.client.get("/api/v1/absent")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "http-404")


def test_document_describes_every_route(site):
    told = site.client.get("/api/v1/openapi.json").json
    described = {
        (path.replace("{", "<").replace("}", ">"), method.upper())
        for path, ways in told["paths"].items()
        for method in ways
    }
    served = {
        (rule.rule, method)
        for rule in site.made.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("api.endpoint")
    }
    assert described == served
    assert {"/api/v1/now", "/api/v1/health", "/api/v1/alerts"} <= set(told["paths"])


def test_document_tells_the_rules_of_a_parameter(site):
    told = site.client.get("/api/v1/openapi.json").json
    limit = next(
        each for each in told["paths"]["/api/v1/sample/{name}"]["get"]["parameters"] if each["name"] == "limit"
    )
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 5}
    body = told["paths"]["/api/v1/sample"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["name"]
    assert body["additionalProperties"] is False
