"""The gate: hosts, headers, tokens, read-only mode, password, on every route there is."""

import re
from time import time

import pytest

from ollascope.web.guard.entrance import local_path
from ollascope.web.guard.password import keep_password
from ollascope.web.table import ROOMS
from ollascope.words.clock import Clock
from ollascope.words.errors import BadSettings
from tests.web.site import make_site

SAMPLE = {**ROOMS, "sample": "tests.web.sample:pages"}
EVIL = {"Host": "evil.example"}


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, rooms=SAMPLE)


@pytest.fixture
def locked(tmp_path):
    """A dashboard that other machines reach, with the password `correct horse`."""
    (tmp_path / "data").mkdir(mode=0o700)
    keep_password(tmp_path / "data", "correct horse")
    return make_site(tmp_path, host="0.0.0.0", rooms=SAMPLE)


def routes(site):
    """Every route that answers GET, with something in place of what it asks for."""
    for rule in site.made.app.url_map.iter_rules():
        if "GET" in rule.methods:
            yield re.sub(r"<[^>]+>", "x", rule.rule)


def log_in(site, password="correct horse", **more):
    page = site.client.get("/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    return site.client.post("/login", data={"password": password, "csrf_token": token, **more})


def test_every_route_refuses_a_foreign_host_but_the_probes(site):
    statuses = {path: site.client.get(path, headers=EVIL).status_code for path in routes(site)}
    assert {path for path, status in statuses.items() if status != 403} == {"/healthz", "/readyz"}


def test_probes_reveal_nothing(site):
    assert {site.client.get(path, headers=EVIL).data for path in ("/healthz", "/readyz")} == {b"ok\n"}


def test_every_answer_has_the_headers_that_protect_it(site):
    for path in routes(site):
        if path == "/api/v1/live":
            continue
        answer = site.client.get(path)
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"], path


def test_pages_allow_scripts_only_by_a_word_that_changes(site):
    pages = [site.client.get("/") for _ in range(2)]
    words = [
        re.search(r"script-src 'self' 'nonce-([^']+)'", page.headers["Content-Security-Policy"])[1] for page in pages
    ]
    assert words[0] != words[1]
    assert len(words[0]) >= 20
    for page, word in zip(pages, words, strict=True):
        assert set(re.findall(r'nonce="([^"]+)"', page.text)) == {word}
        assert not re.search(r"<(script|style)(?![^>]*nonce=)", page.text)
        assert not re.search(r"\s(style|on\w+)=", re.sub(r"<script.*?</script>", "", page.text, flags=re.DOTALL))


def test_cookies_cannot_be_read_by_scripts_nor_sent_from_elsewhere(site):
    site.client.get("/")
    answer = site.post("/preferences", {"language": "zh", "next": "/"})
    told = [*answer.headers.getlist("Set-Cookie"), *make_session(site)]
    assert len(told) >= 2
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in told)


def test_cookies_stay_on_tls_where_a_proxy_speaks_it(site):
    answer = site.client.get("/nothing", base_url="https://localhost")
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def make_session(site):
    return site.made.app.test_client().get("/").headers.getlist("Set-Cookie")


@pytest.mark.parametrize("path", ["/preferences", "/logout", "/login", "/sample", "/api/v1/sample"])
@pytest.mark.parametrize(
    "wrong",
    [{}, {"X-CSRF-Token": "guess"}, {"X-CSRF-Token": ""}],
    ids=["no token", "a wrong token", "an empty token"],
)
def test_change_without_a_right_token_is_refused(site, path, wrong):
    site.client.get("/")
    assert site.client.post(path, data={"language": "zh", "name": "x"}, headers=wrong).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_change_from_another_site_is_refused_even_with_the_token(site, headers):
    assert site.post("/preferences", {"language": "zh"}, headers=headers).status_code == 403


def test_change_by_our_own_page_is_made(site):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert site.post("/preferences", {"language": "zh", "next": "/"}, headers=headers).status_code == 303
    assert 'lang="zh-CN"' in site.client.get("/").text


def test_token_of_one_session_is_none_of_another(site):
    foreign = site.token()
    other = site.made.app.test_client()
    other.get("/")
    assert other.post("/preferences", data={"language": "zh", "csrf_token": foreign}).status_code == 403


def test_read_only_dashboard_changes_nothing_but_how_it_looks(tmp_path):
    site = make_site(tmp_path, "dashboard.read_only=true", rooms=SAMPLE)
    assert site.post("/sample", {"name": "x"}).status_code == 403
    assert site.send("POST", "/api/v1/sample", {"name": "x"}).status_code == 403
    assert site.post("/preferences", {"theme": "dark", "next": "/"}).status_code == 303
    assert "read only" in site.client.get("/").text


def test_too_large_a_request_is_refused(tmp_path):
    site = make_site(tmp_path, "dashboard.body_kib=16", rooms=SAMPLE)
    answer = site.post("/sample", {"name": "x" * 20_000})
    assert answer.status_code == 413
    assert "larger than this server takes" in answer.text


def test_dashboard_that_others_reach_does_not_start_without_a_password(tmp_path):
    with pytest.raises(BadSettings) as caught:
        make_site(tmp_path, host="0.0.0.0")
    assert "up --lan" in caught.value.hint


def test_nothing_is_shown_before_the_password_is_said(locked):
    for path in routes(locked):
        if path.startswith(("/healthz", "/readyz", "/login", "/static")):
            continue
        answer = locked.client.get(path)
        assert answer.status_code == (401 if path.startswith("/api/") else 302), path


@pytest.mark.parametrize("path", ["/loginx", "/login/x", "/preferences/x", "/static", "/LOGIN"])
def test_address_that_only_looks_open_is_not(locked, path):
    assert locked.client.get(path).status_code == 302


def test_password_opens_the_pages_and_leads_where_one_wanted_to_go(locked):
    answer = log_in(locked, next="/sample?name=x")
    assert (answer.status_code, answer.location) == (303, "/sample?name=x")
    assert locked.client.get("/").status_code == 200
    assert locked.client.get("/api/v1/health").status_code == 200


def test_wrong_password_opens_nothing(locked):
    assert log_in(locked, "wrong horse").status_code == 401
    assert locked.client.get("/").status_code == 302


def test_logging_out_closes_the_pages(locked):
    log_in(locked)
    locked.client.post("/logout", data={"csrf_token": locked.token()})
    assert locked.client.get("/").status_code == 302


def test_new_password_ends_every_session(locked):
    log_in(locked)
    keep_password(locked.desk.data, "another horse")
    assert locked.client.get("/").status_code == 302


def test_session_ends_after_its_time(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    keep_password(tmp_path / "data", "correct horse")
    at = [time()]
    clock = Clock(wall=lambda: at[0])
    site = make_site(
        tmp_path, "dashboard.password_on_loopback=true", "dashboard.session_hours=1", rooms=SAMPLE, clock=clock
    )
    log_in(site)
    assert site.client.get("/").status_code == 200
    at[0] += 3601
    assert site.client.get("/").status_code == 302


def test_attempts_are_bounded(locked):
    statuses = [log_in(locked, "wrong").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert log_in(locked).status_code == 429  # also with the right one, or it could be guessed


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "http://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "", "x",
     "/a\nb", "/%0d%0aSet-Cookie:x\r\n", "///evil.example"],
)  # fmt: skip
def test_nobody_is_led_to_another_site(wanted):
    assert local_path(wanted) == "/"


def test_path_of_this_server_is_kept():
    assert local_path("/history/calls?model=a:b&x=1") == "/history/calls?model=a:b&x=1"


def asked(site, password, path="/api/v1/health", **more):
    return site.client.open(path, auth=("anybody", password), **more)


def test_program_sees_figures_with_the_password_and_nothing_else(locked):
    assert asked(locked, "correct horse").status_code == 200
    assert "Set-Cookie" not in asked(locked, "correct horse").headers
    assert asked(locked, "wrong horse").status_code == 401
    assert asked(locked, "").status_code == 401
    assert locked.client.get("/api/v1/health").status_code == 401
    assert asked(locked, "correct horse", "/").status_code == 302
    assert asked(locked, "correct horse", "/preferences", method="POST").status_code == 403
    assert locked.client.get("/api/v1/health", headers={"Authorization": "Bearer correct horse"}).status_code == 401
    assert locked.client.get("/api/v1/health", headers={"Authorization": "Basic \xff"}).status_code == 401


def test_guessing_by_programs_is_bounded_like_logging_in(locked):
    assert asked(locked, "correct horse").status_code == 200
    statuses = [asked(locked, f"guess {number}").status_code for number in range(15)]
    assert statuses[-1] == 429
    assert asked(locked, "correct horse").status_code == 200
    assert log_in(locked).status_code == 429


def test_new_password_ends_what_programs_may(locked, tmp_path):
    assert asked(locked, "correct horse").status_code == 200
    keep_password(tmp_path / "data", "battery staple")
    assert asked(locked, "correct horse").status_code == 401
    assert asked(locked, "battery staple").status_code == 200
