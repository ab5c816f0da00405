"""The first page as it is written."""

import pytest
from flask import render_template_string

from tests.web.now.test_measured import until
from tests.web.site import make_site

NOW = {"now": "ollascope.web.now.page:pages"}


@pytest.fixture
def site(tmp_path):
    made = make_site(tmp_path, rooms=NOW)
    yield made
    made.made.close()


def test_server_that_the_settings_name_is_not_to_be_replaced_by_a_demo(site):
    page = until(lambda: _having(site, "no model server answers"))
    assert "correct its address" in page
    assert "demo model:" not in page


def test_first_measurement_can_be_asked_for_before_a_server_has_answered(site):
    page = until(lambda: _having(site, "measure now"))
    assert "<button>measure now</button>" in page


@pytest.mark.parametrize(
    ("value", "figure", "unit"),
    [("6,390 tokens/s", "6,390", "tokens/s"), ("0/s", "0/s", None), ("not measured", "not measured", None),
     ("< 1 ms", "&lt;", "1 ms"), ("", "", None)],
)  # fmt: skip
def test_only_the_unit_of_a_figure_is_small(site, value, figure, unit):
    with site.made.app.test_request_context("/nothing"):
        site.made.app.preprocess_request()
        written = render_template_string("{{ ui.stat('x', value) }}", value=value)
    assert f'<span class="figure">{figure}<' in written
    assert ("<small>" in written) == (unit is not None)
    assert unit is None or f"<small> {unit}</small>" in written


def _having(site, text):
    page = site.client.get("/").text
    return page if text in page else ""
