"""A runner's own counters and slots, as recorded from real ones; nonsense and silence are absent."""

import http.server
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollascope.host.processes import Known
from ollascope.host.runner import (
    Counters,
    parse_counters,
    parse_slots,
    rates_between,
    read_counters,
    read_runners,
    read_slots,
    runner_ports,
)

TRANSCRIPTS = Path(__file__).parent.parent / "fixtures/transcripts"


def recorded(name):
    told = json.loads((TRANSCRIPTS / f"{name}.json").read_text(encoding="utf-8"))
    return "".join(text for _, text in told["response"]["pieces"])


@pytest.fixture
def serve():
    """A runner that answers each path with a status and a text."""
    servers = []

    def serve(answers):
        class Answering(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, text = answers.get(self.path, (404, ""))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Answering)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return server.server_address[1]

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    parse_counters(text)
    parse_slots(text)


@pytest.mark.parametrize("value", ["", " x", " NaN", " -1", " +Inf"])
def test_numbers_that_are_none_are_absent(value):
    assert parse_counters("llamacpp:prompt_tokens_total" + value) == Counters()


@pytest.mark.parametrize("text", ["", "{}", "null", "[1]", "[" * 99_999])
def test_slots_that_are_none_are_absent(text):
    assert parse_slots(text) is None


def test_recorded_counters():
    found = parse_counters(recorded("ollama-0.32.15/runner-metrics"))
    assert (found.prompt_tokens, found.cached_tokens, found.answer_tokens, found.decodes) == (23, 0, 8, 8)
    assert (found.prompt_s, found.answer_s) == (0.004267, 0.002488)


def test_recorded_slots():
    found = parse_slots(recorded("ollama-0.32.15/runner-slots"))
    assert (found.count, found.busy, found.context_tokens) == (1, 0, 2048)


def test_rates_come_from_counters_alone():
    before, after = (parse_counters(recorded(f"llama-server/{name}")) for name in ("metrics", "metrics-after"))
    rates = rates_between(before, after)
    prompt, seconds = after.prompt_tokens - before.prompt_tokens, after.prompt_s - before.prompt_s
    assert rates.prompt_tokens_per_s == pytest.approx(prompt / seconds)
    assert 0 < rates.cached_ratio < 1


def test_runner_that_was_started_anew_has_no_rates():
    assert (
        rates_between(Counters(prompt_tokens=5, prompt_s=1), Counters(prompt_tokens=1, prompt_s=2)).prompt_tokens_per_s
        is None
    )


def test_counters_of_a_router_are_added_over_its_models():
    found = parse_counters('llamacpp:n_decode_total{model="a"} 2\nllamacpp:n_decode_total{model="b"} 3\n')
    assert found.decodes == 5


def test_ports_are_those_of_the_runners():
    known = [
        Known(pid=1, role="server", started=1, command=("ollama", "serve", "--port", "1")),
        Known(pid=2, role="runner", started=1, command=("llama-server", "--port", "33421")),
        Known(pid=3, role="runner", started=1, command=("sh",)),
        Known(pid=4, role="runner", started=1, command=("llama-server", "--port", "33421")),
    ]
    assert runner_ports(known) == (33421,)


def test_nobody_there_is_absent():
    assert read_counters(1, timeout_s=0.2) is None


def test_metrics_that_are_off_are_absent_and_slots_still_tell(serve):
    port = serve({"/metrics": (501, "{}"), "/slots": (200, recorded("ollama-0.32.15/runner-plain-slots"))})
    assert read_counters(port) is None
    assert read_slots(port).count == 1


def test_metrics_that_are_on(serve):
    port = serve({"/metrics": (200, recorded("ollama-0.32.15/runner-metrics"))})
    assert read_counters(port).prompt_tokens == 23


def test_runners_that_answer_are_read_and_others_left_out(serve):
    port = serve({"/slots": (200, recorded("ollama-0.32.15/runner-slots"))})
    commands = [("llama-server", "--port", str(number)) for number in (port, 1)]
    known = [Known(pid=2, role="runner", started=1, command=command) for command in commands]
    (runner,) = read_runners(known, timeout_s=1.0)
    assert (runner.port, runner.counters, runner.slots.count) == (port, None, 1)
