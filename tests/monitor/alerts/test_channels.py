"""Channels against real servers: those that refuse, hang and redirect first."""

import socket
import ssl
import threading
import time

import pytest

from ollascope.monitor.alerts.channels.chat import WECOM_BYTES, cut
from ollascope.monitor.alerts.channels.command import send_command
from ollascope.monitor.alerts.channels.mail import message_of
from ollascope.monitor.alerts.channels.outcome import why_of
from ollascope.monitor.alerts.channels.post import post
from ollascope.monitor.alerts.channels.table import CHANNELS, deliver
from ollascope.monitor.alerts.channels.webhook import body_of
from ollascope.monitor.alerts.notices import Notice
from ollascope.words.errors import ConnectFailed, RequestRefused
from tests.monitor.alerts.ends import NOTICE, by_mail, channel, mail, web
from tests.monitor.alerts.held import NOW, firing


def closed_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_webhook_that_redirects_is_refused_and_not_followed():
    with web() as server, web() as other:
        server.statuses, server.heads = [302], {"location": other.url}
        with pytest.raises(RequestRefused, match="redirect"):
            deliver(NOTICE, channel(url=server.url))
        assert other.came == []


def test_webhook_that_hangs_is_left():
    with web() as server:
        server.hang = threading.Event()
        begun = time.monotonic()
        with pytest.raises(ConnectFailed, match="no answer within"):
            post(channel(url=server.url), {"a": 1}, answer_s=0.1)
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_webhook_that_is_in_trouble_may_be_asked_again(status):
    with web() as server:
        server.statuses = [status]
        with pytest.raises(ConnectFailed, match=str(status)):
            deliver(NOTICE, channel(url=server.url))


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_webhook_that_refuses_is_not_asked_again(status):
    with web() as server:
        server.statuses = [status]
        with pytest.raises(RequestRefused, match=str(status)):
            deliver(NOTICE, channel(url=server.url))


def test_nobody_listens_and_the_address_is_not_repeated():
    with pytest.raises(ConnectFailed) as told:
        deliver(NOTICE, channel(url=f"http://127.0.0.1:{closed_port()}/secret-path"))
    assert told.value.message == "c: connection refused"


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (socket.gaierror(-2, "no"), "its name is not known here"),
        (ssl.SSLCertVerificationError(1, "no"), "its certificate is not trusted"),
        (ssl.SSLError(1, "no"), "it does not speak TLS as it should"),
        (TimeoutError(), "no answer in time"),
        (OSError(101, "no"), "network is unreachable"),
        (ValueError(), "hangs up without an answer"),
    ],
)
def test_why_nobody_is_reached_is_told_in_words(cause, says):
    outer = OSError("http://127.0.0.1/secret-path")
    outer.__cause__ = cause
    assert why_of(outer) == says


@pytest.mark.parametrize("url", ["http://", "nonsense", "gopher://x"])
def test_address_that_is_none_is_refused(url):
    with pytest.raises(RequestRefused):
        deliver(NOTICE, channel(url=url))


def test_webhook_gets_the_whole_notice():
    with web() as server:
        deliver(NOTICE, channel(url=server.url))
    ((_, body),) = server.came
    assert body == body_of(NOTICE)
    assert (body["status"], body["title"]) == ("firing", "[warning] slow (model qwen3:8b)")
    assert body["alerts"][0]["labels"] == {"model": "qwen3:8b"}
    assert "look at it" in body["text"]


def test_address_is_read_from_its_file_each_time(tmp_path):
    with web() as server:
        (tmp_path / "url").write_text(server.url + "\n")
        deliver(NOTICE, channel("slack", url_file=tmp_path / "url"))
    assert server.came[0][1]["text"].startswith("*[warning] slow")


@pytest.mark.parametrize("content", [None, "", "two\nlines"])
def test_secret_file_without_a_secret_is_told(tmp_path, content):
    if content is not None:
        (tmp_path / "url").write_text(content)
    with pytest.raises(RequestRefused, match="the secret's file"):
        deliver(NOTICE, channel("slack", url_file=tmp_path / "url"))


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("slack", lambda body: body["text"]),
        ("feishu", lambda body: body["msg_type"] == "text" and body["content"]["text"]),
        ("dingtalk", lambda body: body["msgtype"] == "text" and body["text"]["content"]),
        ("wecom", lambda body: body["msgtype"] == "text" and body["text"]["content"]),
    ],
)
def test_chats_get_the_form_that_they_take(kind, of):
    with web() as server:
        server.body = b'{"errcode":0,"code":0,"errmsg":"ok"}'
        deliver(NOTICE, channel(kind, url=server.url))
    assert "slow is slow" in of(server.came[0][1])


@pytest.mark.parametrize(("kind", "answer"), [("feishu", b'{"code":19024}'), ("dingtalk", b'{"errcode":310000}'),
                                              ("wecom", b'{"errcode":93000}')])  # fmt: skip
def test_chat_that_answers_200_and_a_code_has_refused(kind, answer):
    with web() as server:
        server.body = answer
        with pytest.raises(RequestRefused, match="code"):
            deliver(NOTICE, channel(kind, url=server.url))


def test_chat_that_has_too_many_messages_is_asked_again():
    with web() as server:
        server.body = b'{"errcode":45009}'
        with pytest.raises(ConnectFailed):
            deliver(NOTICE, channel("wecom", url=server.url))


def test_text_is_cut_between_letters():
    assert len(cut("错" * 5000, WECOM_BYTES).encode()) <= WECOM_BYTES
    assert cut("short", WECOM_BYTES) == "short"


def test_mail_server_that_is_not_there_may_be_asked_again():
    with pytest.raises(ConnectFailed, match=r"connection refused, at 127\.0\.0\.1"):
        deliver(NOTICE, by_mail(closed_port()))


@pytest.mark.parametrize(
    ("refuse", "kind"),
    [
        ({"MAIL": b"550 not you"}, RequestRefused),
        ({"RCPT": b"550 no such person"}, RequestRefused),
        ({"RCPT": b"451 later"}, ConnectFailed),
        ({"EHLO": b"421 busy", "HELO": b"421 busy"}, ConnectFailed),
        ({"DATA": b"554 no"}, RequestRefused),
    ],
)
def test_mail_server_that_refuses_is_told_with_its_code(refuse, kind):
    with mail(refuse) as (port, kept), pytest.raises(kind):
        deliver(NOTICE, by_mail(port))
    assert kept == []


def test_password_is_not_sent_to_a_server_that_does_not_ask(tmp_path):
    (tmp_path / "password").write_text("hunter2")
    with mail() as (port, _), pytest.raises(RequestRefused, match="does not offer"):
        deliver(NOTICE, by_mail(port, user="u", password_file=tmp_path / "password"))


def test_mail_arrives():
    with mail() as (port, kept):
        deliver(NOTICE, by_mail(port))
    assert "Subject: Ollascope [warning] slow (model qwen3:8b)" in kept[0]
    assert "slow is slow" in kept[0]


def test_line_break_in_a_label_makes_no_head():
    notice = Notice(id="n", at=NOW, alerts=(firing(labels={"model": "x\r\nBcc: evil@example.com"}),))
    message = message_of(notice, by_mail(25))
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


def test_command_gets_the_notice_and_no_shell_reads_it(tmp_path):
    out = tmp_path / "out"
    script = tmp_path / "take"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" > {out}\ncat >> {out}\n')
    script.chmod(0o700)
    notice = Notice(id="n", at=NOW, alerts=(firing(labels={"model": "$(touch x); `y`"}),))
    deliver(notice, channel("command", command=(str(script),)))
    assert out.read_text().splitlines()[0] == "[warning] slow (model $(touch x); `y`)"
    assert '"status": "firing"' in out.read_text()


def test_command_that_does_not_end_is_ended_with_all_it_started(tmp_path):
    with pytest.raises(ConnectFailed, match="did not end"):
        send_command(NOTICE, channel("command", command=("/bin/sh", "-c", "sleep 60 & sleep 60")), patience_s=0.1)


def test_command_that_fails_or_is_not_there_is_told():
    with pytest.raises(ConnectFailed, match="ended with 1"):
        deliver(NOTICE, channel("command", command=("/bin/false",)))
    with pytest.raises(RequestRefused, match="cannot be started"):
        deliver(NOTICE, channel("command", command=("/no/such/program",)))


def test_command_that_does_not_read_is_no_trouble():
    deliver(NOTICE, channel("command", command=("/bin/true",)))


def test_every_kind_has_its_line_in_the_table():
    assert sorted(CHANNELS) == ["command", "dingtalk", "feishu", "mail", "slack", "webhook", "wecom"]
