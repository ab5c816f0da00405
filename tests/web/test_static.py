"""Static files: found by name alone, compressed, cached by content."""

import gzip

import pytest

from ollascope.web.static import FOR_EVER, PLOTLY, Static, find_plotly
from tests.web.site import make_site


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["../settings.py", "..%2fsettings.py", "/etc/passwd", "page.css/", "absent.js", "%2e%2e/cli.py", "page.css%00"],
)
def test_nothing_but_the_known_files_is_sent(site, name):
    assert site.client.get(f"/static/{Static().digest}/{name}").status_code in {404, 308}


def test_file_is_cached_for_ever_under_its_own_digest_only(site):
    fresh = site.client.get(Static().address("page.css"))
    assert fresh.headers["Cache-Control"] == FOR_EVER
    assert fresh.mimetype == "text/css"
    stale = site.client.get("/static/000000000000/page.css")
    assert (stale.status_code, stale.headers["Cache-Control"]) == (200, "no-cache")


def test_file_is_compressed_for_who_understands_it(site):
    address = Static().address("page.css")
    packed = site.client.get(address, headers={"Accept-Encoding": "gzip, br"})
    plain = site.client.get(address)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2


def test_address_follows_content(tmp_path):
    (tmp_path / "a.css").write_text("a")
    before = Static(tmp_path).address("a.css")
    assert Static(tmp_path).address("a.css") == before
    (tmp_path / "a.css").write_text("b")
    assert Static(tmp_path).address("a.css") != before


def test_plotly_comes_from_the_installed_package(site):
    answer = site.client.get(Static().address(PLOTLY), headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.data) == find_plotly().read_bytes()
    assert answer.headers["Cache-Control"] == FOR_EVER


def test_page_without_plotly_weighs_little(site):
    text = site.client.get("/").data
    weight = len(text)
    for name in ("page.css", "page.js", "live.js", "times.js", "words.js", "mark.svg"):
        weight += len(site.client.get(Static().address(name), headers={"Accept-Encoding": "gzip"}).data)
    assert weight <= 100_000
    assert PLOTLY.encode() not in text
