"""Pages about models, asked without a browser."""

import contextlib
import json
import time
from dataclasses import replace

import pytest

from ollascope.ledger.reading import read_rows
from ollascope.ledger.segment import Origin
from ollascope.ledger.select import Where
from ollascope.ledger.settings import Ledger
from ollascope.ledger.writer import Writer
from ollascope.registry.gguf.scripted import write_scripted
from ollascope.words.call import Call
from ollascope.words.ids import Ids
from tests.web.site import make_site

EVIL = "<img src=x onerror=alert(1)>"
HELLO = [{"role": "user", "content": "hello"}]
PAGES = ["/models", "/models?find=plain", "/models/about?name=scripted:latest", "/models/create", "/models/playground"]
ASKED = ["/models", "/models/orders", "/models/card?name=plain", "/models/fit?name=plain", "/models/speed?name=plain"]
CHANGES = [
    ("pull", {"model": "new"}), ("load", {"model": "plain"}), ("unload", {"model": "plain"}), ("cancel", {"id": "1"}),
    ("create", {"model": "new", "way": "model", "source": "plain"}), ("copy", {"source": "plain", "model": "new"}),
    ("delete", {"model": "plain", "typed": "plain"}), ("stop", {"id": "1"}),
    ("chat", {"model": "plain", "messages": HELLO}), ("snippets", {"model": "plain", "messages": HELLO}),
]  # fmt: skip


@contextlib.contextmanager
def opened(folder, *settings):
    """A dashboard over the fake in its own process, which plays at once."""
    site = make_site(folder, "engines.use=fake", *settings)
    try:
        yield site
    finally:
        site.made.close()


@pytest.fixture
def site(tmp_path):
    with opened(tmp_path) as made:
        yield made


def model_names(site):
    return [one["name"] for one in site.client.get("/api/v1/models").json["models"]]


def ended(site, answer):
    """How an order that was begun ended."""
    assert answer.status_code == 200, answer.text
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        orders = site.client.get("/api/v1/models/orders").json["orders"]
        found = next(one for one in orders if one["id"] == answer.json["id"])
        if found["state"] != "running":
            return found
        time.sleep(0.01)
    pytest.fail("the order never ended")


def lines_of(answer):
    return [json.loads(line) for line in answer.data.splitlines() if line.strip()]


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 600, EVIL])
def test_name_that_is_none_is_refused(site, name):
    for path in ("/models/about", "/api/v1/models/card", "/api/v1/models/fit"):
        assert site.client.get(path, query_string={"name": name}).status_code == 400
    answer = site.client.get("/models/about", query_string={"name": name})
    assert EVIL not in answer.text


def test_model_that_is_not_there_is_told(site):
    assert site.client.get("/models/about?name=absent").status_code == 404
    assert site.client.get("/api/v1/models/card?name=absent").json["error"]["code"] == "model-missing"


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        ("pull", {"model": "evil.example/a/b"}), ("pull", {"model": "a b"}), ("pull", {}), ("load", {"model": "a b"}),
        ("load", {"model": "plain", "context": 1}), ("unload", {"model": ""}),
        ("create", {"model": "new", "way": "modelfile", "modelfile": "FROM /etc/passwd"}),
        ("create", {"model": "new", "way": "file", "source": "/etc/passwd"}),
        ("create", {"model": "new", "way": "elsewhere"}), ("copy", {"source": "plain", "model": "a b"}),
        ("delete", {"model": "plain", "typed": "plainer"}), ("delete", {"model": "plain"}),
        ("chat", {"model": "plain"}), ("chat", {"model": "plain", "messages": HELLO, "temperature": 99}),
        ("snippets", {"model": "plain", "messages": []}),
    ],
)  # fmt: skip
def test_senseless_order_is_refused(site, order, fields):
    before = model_names(site)
    assert site.send("POST", f"/api/v1/models/{order}", fields).status_code == 400
    assert model_names(site) == before


@pytest.mark.parametrize(("order", "fields"), CHANGES)
def test_change_without_the_token_is_refused(site, order, fields):
    assert site.client.post(f"/api/v1/models/{order}", json=fields).status_code == 403


@pytest.mark.parametrize(("order", "fields"), CHANGES)
def test_read_only_dashboard_changes_nothing(tmp_path, order, fields):
    with opened(tmp_path, "dashboard.read_only=true") as site:
        assert site.send("POST", f"/api/v1/models/{order}", fields).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_read_only_pages_show_no_button_that_changes(tmp_path, path):
    with opened(tmp_path, "dashboard.read_only=true") as site:
        site.client.get("/api/v1/models")
        text = site.client.get(path).text
        for mark in ("data-order=", 'data-opens="pull"', 'data-opens="delete"', 'id="ask"', 'name="modelfile"'):
            assert mark not in text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
def test_page_answers(site, path, language):
    answer = site.client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert "DEMO" in answer.text or path == "/models/create"  # which shows no figures


@pytest.mark.parametrize("path", ASKED)
def test_api_answers(site, path):
    assert site.client.get(f"/api/v1{path}").status_code == 200


def test_engine_that_is_down_is_told_on_every_page(tmp_path):
    site = make_site(tmp_path)
    for path in ("/models", "/models/create", "/models/playground"):
        site.client.get("/api/v1/models")
        answer = site.client.get(path)
        assert answer.status_code == 200
        assert "no model server answers" in answer.text
    assert site.client.get("/models/about?name=plain").status_code == 502
    for path in ("", "/card?name=plain", "/fit?name=plain"):
        told = site.client.get(f"/api/v1/models{path}").json
        assert (told["known"], bool(told["trouble"])) == (False, True)
    lines = lines_of(site.send("POST", "/api/v1/models/chat", {"model": "plain", "messages": HELLO}))
    assert lines[1]["error"]["code"] == "connect-failed"
    site.made.close()


def test_failure_is_told_in_the_language_of_the_page(tmp_path):
    site = make_site(tmp_path, "engines.use=ollama", "dashboard.language=zh")
    chat = {"model": "plain", "messages": HELLO}
    error = lines_of(site.send("POST", "/api/v1/models/chat", chat))[1]["error"]
    assert "127.0.0.1:9" in error["message"]
    assert "无应答" in error["message"]
    text = site.client.get("/models").text
    assert "无应答" in text
    assert "nothing answers" not in text
    site.made.close()


def test_model_is_brought_copied_and_removed(site):
    assert ended(site, site.send("POST", "/api/v1/models/pull", {"model": "brought:1b"}))["state"] == "done"
    site.client.get("/models")
    assert site.send("POST", "/api/v1/models/copy", {"source": "brought:1b", "model": "again"}).status_code == 200
    assert site.send("POST", "/api/v1/models/delete", {"model": "brought:1b", "typed": "brought:1b"}).status_code == 200
    with site.made.app.test_client() as client:
        card = client.get("/api/v1/models/card?name=again")
        assert card.status_code == 200
        assert client.get("/api/v1/models/card?name=brought:1b").status_code == 404


def test_order_that_fails_is_told_on_the_page(site):
    work = ended(site, site.send("POST", "/api/v1/models/pull", {"model": "absent"}))
    assert work["state"] == "failed"
    assert work["trouble"] in site.client.get("/models").text.replace("&#39;", "'")


def test_model_is_loaded_with_a_context_and_unloaded(site):
    assert ended(site, site.send("POST", "/api/v1/models/load", {"model": "plain", "context": 512}))["state"] == "done"
    assert "512" in site.client.get("/models").text
    assert ended(site, site.send("POST", "/api/v1/models/unload", {"model": "plain"}))["state"] == "done"


def test_model_is_made_from_another(site):
    wish = {"model": "mine", "way": "model", "source": "scripted:latest", "system": "Be brief."}
    assert ended(site, site.send("POST", "/api/v1/models/create", wish))["state"] == "done"
    assert site.client.get("/api/v1/models/card?name=mine").json["system"] == "Be brief."


def test_files_of_the_folder_are_offered_and_no_others(tmp_path):
    folder = tmp_path / "data" / "models"
    folder.mkdir(parents=True)
    write_scripted(folder / "own.gguf")
    (folder / "broken.gguf").write_bytes(b"nothing")
    with opened(tmp_path) as site:
        text = site.client.get("/models/create").text
        assert 'value="own.gguf"' in text
        assert "this is no GGUF file" in text
        assert str(folder) not in text


def test_answer_leaves_its_call_and_no_text(site, tmp_path):
    answer = site.send("POST", "/api/v1/models/chat", {"model": "scripted", "messages": HELLO})
    assert answer.mimetype == "application/x-ndjson"
    end = lines_of(answer)[-1]["end"]
    assert end["demo"] is True
    assert end["shown"]["ttft_s"].endswith("s")
    site.made.close()
    found = list(read_rows(tmp_path / "data" / "ledger", Where()))
    assert [(call.id, call.source, call.outcome, call.model) for call in found] == [
        (end["call"], "playground", "ok", "scripted")
    ]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"what my script says" not in kept


def test_fake_has_no_command_to_copy(site):
    answer = site.send("POST", "/api/v1/models/snippets", {"model": "plain", "messages": HELLO})
    assert answer.status_code == 501


def test_speed_is_that_of_the_calls_that_count(tmp_path):
    ids, now = Ids(), time.time()
    one = Call(
        id="", sent_at=now - 60, source="gateway", outcome="ok", engine="ollama", model="plain", first_chunk_s=0.5,
        end_s=2.5, tokens_out=41, tokens_in=3,
    )  # fmt: skip
    with Writer(tmp_path / "data" / "ledger", Ledger(), Origin.here("test")) as writer:
        for said in ({}, {"source": "bench"}, {"engine": "fake"}, {"outcome": "timeout"}):
            writer.call(replace(one, id=ids.next(), **said))
    with opened(tmp_path) as site:
        counted = site.client.get("/api/v1/models/speed?name=plain:latest").json["whole"]
        assert (counted["requests"], counted["failed"], counted["rate_p50"]) == (2, 1, 20.0)
        every = site.client.get("/api/v1/models/speed?name=plain:latest&everything=1&span=month").json
        assert every["whole"]["requests"] == 4
        assert len(every["points"]) == 30
        assert "20 tokens/s" in site.client.get("/models/about?name=plain:latest").text


def test_fit_of_a_model_of_this_machine_is_judged(site):
    told = site.client.get("/api/v1/models/fit?name=scripted:latest").json
    assert [one["context"] for one in told["contexts"]] == [2048, 4096]
    assert all(one["bytes"] > 5_000_000 for one in told["contexts"])


def test_search_finds_by_name_and_says_where_nothing_is(site):
    site.client.get("/api/v1/models")
    assert "plain:latest" in site.client.get("/models?find=PLAIN").text
    nothing = site.client.get("/models", query_string={"find": EVIL}).text
    assert "no model is called so" in nothing
    assert EVIL not in nothing


def test_foreign_text_is_shown_harmlessly(site):
    wish = {"model": "mine", "way": "model", "source": "scripted:latest", "system": f"</pre>{EVIL}"}
    assert ended(site, site.send("POST", "/api/v1/models/create", wish))["state"] == "done"
    text = site.client.get("/models/about?name=mine").text
    assert EVIL not in text
    assert "&lt;img" in text


def test_long_list_is_cut_and_says_so(site):
    for number in range(120):
        assert site.send("POST", "/api/v1/models/copy", {"source": "bare", "model": f"m{number}"}).status_code == 200
    deadline = time.monotonic() + 20
    while len(model_names(site)) < 125:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.02)
    text = site.client.get("/models?find=m").text
    assert text.count("<tr>") <= 102
    assert "search for the others" in text
