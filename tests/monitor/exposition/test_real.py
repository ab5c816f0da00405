"""Real Prometheus and Alertmanager read our page, find what is wrong and tell a webhook."""

import json
import queue
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
import yaml

from ollascope.monitor.exposition.gauges import Moment
from ollascope.monitor.exposition.metrics import Exposition
from ollascope.monitor.exposition.page import CONTENT_TYPE
from ollascope.words.alerts import AlertKind, Condition
from tests.monitor.exposition.test_files import PROMETHEUS, RULES

PATIENCE_S = 40.0
CHANGED = Condition(
    name="known", kind=AlertKind.ANSWER_CHANGED, active=True, labels={"probe": "known", "model": "m:1b", "backend": "b"}
)


@contextmanager
def serving(answer):
    """A server that answers each request by a function of path and body; its port."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            body = answer(self.path, self.rfile.read(int(self.headers.get("content-length", 0))))
            self.send_response(200)
            self.send_header("content-type", CONTENT_TYPE.decode())
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running(log, *command):
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def ask(port, query):
    """What Prometheus answers to a query: labels and value of each series."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}", timeout=5) as answer:
        found = json.load(answer)["data"]["result"]
    return [(series["metric"], float(series["value"][1])) for series in found]


def wait_for(what, log):
    """The first answer that holds something."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if found := what():
                return found
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail(f"nothing came in {PATIENCE_S:g} s; the log says:\n{log.read_text()[-2000:]}")


@pytest.fixture
def settings(tmp_path):
    """Our files in a folder of their own, with these ports and short intervals."""

    def write(monitor, alertmanager, webhook):
        told = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        told["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
        told["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{monitor}"]
        told["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager}"]
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(told))
        for name in RULES:
            (tmp_path / name).write_text((PROMETHEUS / name).read_text())
        told = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())
        told["route"].update(group_wait="200ms", group_interval="1s")
        told["receivers"][0]["webhook_configs"][0]["url"] = f"http://127.0.0.1:{webhook}/alerts"
        (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(told))
        return tmp_path

    return write


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_prometheus_reads_the_page_and_its_alert_reaches_a_webhook(program, settings, ledger, write, make_call):
    exposition, notices, conditions = Exposition(ledger), queue.Queue(), [CHANGED]
    write(*[make_call(backend="b", api="ollama", operation="chat") for _ in range(5)])
    exposition.update()
    prometheus, alertmanager = program("prometheus"), program("prometheus-alertmanager")

    def notify(_path, body):
        notices.put(json.loads(body))
        return b""

    with (
        serving(lambda *_: exposition.page(Moment(at=time.time(), conditions=conditions))) as monitor,
        serving(notify) as webhook,
    ):
        own, other = free_port(), free_port()
        folder = settings(monitor, other, webhook)
        log = folder / "prometheus.log"
        with (
            running(
                folder / "alertmanager.log", alertmanager, f"--config.file={folder}/alertmanager.yml",
                f"--storage.path={folder}/am", f"--web.listen-address=127.0.0.1:{other}", "--cluster.listen-address=",
            ),
            running(
                log, prometheus, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{own}",
            ),
        ):  # fmt: skip
            requests = 'ollascope_gateway_requests_total{model="m:1b",outcome="ok",job="ollascope"}'
            ((labels, count),) = wait_for(lambda: ask(own, requests), log)
            assert count == 5
            assert labels["backend"] == "b"
            write(make_call(backend="b", api="ollama", operation="chat"))
            exposition.update()
            assert wait_for(lambda: ask(own, f"{requests} == 6"), log)
            assert wait_for(lambda: ask(own, "sum(ollascope:requests:rate5m) > 0"), log)
            assert wait_for(lambda: ask(own, 'ALERTS{alertname="OllascopeAnswerChanged",alertstate="firing"}'), log)
            first = notices.get(timeout=PATIENCE_S)
            conditions.clear()
            resolved = notices.get(timeout=PATIENCE_S)

    (alert,) = first["alerts"]
    assert alert["status"] == "firing"
    assert alert["labels"]["alertname"] == "OllascopeAnswerChanged"
    assert alert["labels"]["model"] == "m:1b"
    assert alert["annotations"]["summary"].startswith("The known answer known is another")
    assert {alert["status"] for alert in resolved["alerts"]} == {"resolved"}
