"""The route table: what is found, what is not, and what a gateway denies by itself."""

import pytest

from ollascope.apis.routes import ROUTES, Found, api_of, find, methods, route_to
from tests.apis.transcripts import exchanges

NOT_OURS = ("/v1/responses", "/api/status", "/completion", "/slots", "/props", "/metrics", "/health", "/tokenize")
NOT_OURS += ("/apply-template", "/api/nothing", "/nothing", "/v1/messages/count_tokens")


def test_every_recorded_request_of_ours_has_a_route():
    for one in exchanges():
        path = one.path.partition("?")[0]
        ours = one.method != "OPTIONS" and not path.startswith(NOT_OURS) and one.status not in {404, 405}
        if ours:
            assert find(one.method, one.path), one.id


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/api/generate"),
        ("POST", "/api/nothing"),
        ("GET", "/v1/models/"),
        ("GET", "//api/tags"),
        ("get", "/api/tags"),
        ("POST", "/API/CHAT"),
        ("GET", ""),
        ("POST", "/api/blobs/"),
        ("POST", "/v1/messages/count_tokens"),
    ],
)
def test_other_methods_and_paths_are_not_found(method, target):
    assert find(method, target) is None


def test_query_is_no_part_of_the_path():
    assert find("POST", "/v1/messages?beta=true") == Found(route=route_to("anthropic", "chat"))


def test_name_in_the_path_is_taken_out():
    assert find("HEAD", "/api/blobs/sha256:ab").name == "sha256:ab"
    assert find("GET", "/v1/models/hf.co%2Fa/b:q4").name == "hf.co/a/b:q4"


def test_known_path_says_its_methods():
    assert methods("/api/chat") == ("POST",)
    assert methods("/api/tags") == ("GET", "HEAD")
    assert methods("/api/nothing") == ()


def test_whatever_changes_the_server_is_denied_through_a_gateway():
    denied = {route.action for route in ROUTES if route.denied}
    assert denied == {"pull", "push", "create", "blob", "copy", "delete"}
    assert all(not route.denied for route in ROUTES if route.answers)


def test_client_finds_the_way_to_every_action():
    assert route_to("ollama", "tags").method == "GET"
    assert route_to("ollama", "blob").method == "POST"
    assert route_to("openai", "chat").path == "/v1/chat/completions"
    assert route_to("anthropic", "embed") is None


@pytest.mark.parametrize(
    ("target", "api"),
    [("/v1/messages", "anthropic"), ("/v1/nothing", "openai"), ("/api/nothing", "ollama"), ("/", "ollama")],
)
def test_error_on_an_unknown_path_has_the_shape_of_the_api_it_looks_like(target, api):
    assert api_of(target) == api
