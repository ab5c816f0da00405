"""Who may call: hosts and web pages of this machine, and nobody who only says so."""

import pytest

from ollascope.pipe import run
from ollascope.serve import Serve
from ollascope.serve.origins import is_allowed, is_local, is_loopback
from tests.serve.fronts import QUICK, ask, served

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}], "stream": False}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:11436", "localhost", "LOCALHOST:1", "[::1]:80", "app.localhost", "box.local", "192.168.1.5"]
)  # fmt: skip
def test_hosts_of_this_machine_are_local(host):
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "8.8.8.8", "localhost.evil.example", "127.0.0.1.evil.example", "a b", "[::1", "x/y",
     "[2001:4860::8888]"],
)  # fmt: skip
def test_other_hosts_are_foreign(host):
    assert not is_local(host)


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "http://localhost:3000", "https://127.0.0.1:8", "http://0.0.0.0", "app://x", "file://",
     "tauri://localhost", "vscode-webview://abc", "chrome-extension://abc", "moz-extension://abc"],
)  # fmt: skip
def test_pages_of_this_machine_are_allowed(origin):
    assert is_allowed(origin)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "https://localhost.evil.example", "http://evil.example/localhost", "null", "http://[", "",
     "http://localhost@evil.example", "ftp://localhost", "http://127.0.0.1:80:90", "http://localhost/x"],
)  # fmt: skip
def test_other_pages_are_not_allowed(origin):
    assert not is_allowed(origin)


def test_settings_may_name_more_pages():
    assert is_allowed("https://chat.example", ("https://chat.example",))
    assert is_allowed("https://any.example", ("*",))


def test_only_loopback_is_loopback():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "", "gpu-box")))


def test_foreign_pages_and_hosts_get_an_empty_403_and_nothing_happens():
    async def main():
        async with served() as (fake, address):
            for more in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
                for method, path in (("POST", "/api/chat"), ("GET", "/api/tags"), ("GET", "/fake/truth")):
                    heard = await ask(address, method, path, CHAT, **more)
                    assert (heard.status, heard.body) == (403, b"")
            assert len(fake.memory) == 0

    run(main())


def test_page_of_this_machine_may_read_the_answer():
    async def main():
        async with served() as (_, address):
            heard = await ask(address, "POST", "/api/chat", CHAT, origin="http://localhost:3000")
            assert (heard.status, heard.headers["access-control-allow-origin"]) == (200, "http://localhost:3000")
            missing = await ask(address, "GET", "/nothing", origin="http://localhost:3000")
            assert missing.headers["access-control-allow-origin"] == "http://localhost:3000"
            same = await ask(address, "GET", "/api/tags", origin=f"http://127.0.0.1:{address.port}",
                             host=f"127.0.0.1:{address.port}")  # fmt: skip
            assert same.status == 200

    run(main())


def test_browser_that_asks_first_is_told():
    async def main():
        async with served() as (_, address):
            asked = {"origin": "http://localhost:3000", "access_control_request_method": "POST"}
            heard = await ask(address, "OPTIONS", "/api/chat", **asked)
            assert heard.status == 204
            assert "POST" in heard.headers["access-control-allow-methods"]
            assert (await ask(address, "OPTIONS", "/api/chat")).headers["allow"] == "POST"
            assert (await ask(address, "OPTIONS", "/nothing")).status == 404

    run(main())


def test_beyond_loopback_any_host_name_is_ours_but_pages_are_still_judged():
    async def main():
        manners = Serve(host="0.0.0.0", beyond_loopback=True, drain_s=0)
        async with served(QUICK, manners) as (_, address):
            here = type(address)(host="127.0.0.1", port=address.port)
            assert (await ask(here, "GET", "/api/tags", host="gpu-box.example")).status == 200
            assert (await ask(here, "GET", "/api/tags", origin="http://evil.example")).status == 403

    run(main())
