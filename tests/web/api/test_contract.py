"""The API keeps what its document says, whatever it is asked: schemathesis asks it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ollascope.web.table import ROOMS
from tests.web.site import make_site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CHECKS = [
    not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = make_site(tmp_path_factory.mktemp("site"), rooms={**ROOMS, "sample": "tests.web.sample:pages"})
    yield made
    made.made.hub.close()


@pytest.fixture(scope="module")
def document(site):
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.made.app)


def operations(document):
    return [found.ok() for found in document.get_all_operations()]


def test_document_can_be_read_and_names_every_kind_of_route(document):
    assert {operation.method.upper() for operation in operations(document)} >= {"GET", "POST"}


def test_every_answer_is_as_documented(document):
    for operation in operations(document):

        @settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None, database=None)
        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        def ask(case):
            if case.query.get("kind") != "bug":  # which it answers as it should
                case.call_and_validate(checks=CHECKS)

        ask()


def test_what_breaks_a_rule_is_refused(document):
    for operation in operations(document):
        if not any(True for _ in operation.iter_parameters()):
            continue

        @settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None, database=None)
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def ask(case):
            case.call_and_validate(checks=[not_a_server_error, content_type_conformance, status_code_conformance])

        ask()
