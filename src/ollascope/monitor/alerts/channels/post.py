"""One JSON message to an address over HTTP: bounded in time and size, never redirected."""

import time
from collections.abc import Mapping

import requests

from ollascope.monitor.alerts.channels.outcome import HINT, LATER, secret_of, why_of
from ollascope.monitor.alerts.rules import Channel
from ollascope.words.errors import ConnectFailed, RequestRefused
from ollascope.words.record import Json

CONNECT_S, ANSWER_S = 5.0, 10.0
MOST_BYTES = 64 * 1024
AGAIN = frozenset({408, 425, 429})
LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


def post(channel: Channel, body: Mapping[str, Json], *, answer_s: float = ANSWER_S) -> bytes:
    """Send it; gives what was answered. No message repeats the address: it may be a secret."""
    url = secret_of(channel.url_file) if channel.url_file else channel.url
    deadline = time.monotonic() + answer_s
    try:
        with requests.Session() as session:
            session.trust_env = not url.startswith(LOOPBACK)
            answer = session.post(url, json=body, timeout=(CONNECT_S, answer_s), allow_redirects=False, stream=True)
            with answer:
                _judge(channel, answer)
                return _read(answer, deadline)
    except requests.Timeout as error:
        raise ConnectFailed(f"{channel.name}: no answer within {answer_s:g} s", hint=HINT) from error
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema,
            requests.exceptions.InvalidHeader) as error:  # fmt: skip
        raise RequestRefused(f"{channel.name}: its address is none", hint="begin it with https://") from error
    except requests.RequestException as error:
        raise ConnectFailed(f"{channel.name}: {why_of(error)}", hint=HINT) from error


def _judge(channel: Channel, answer: requests.Response) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise RequestRefused(f"{channel.name}: answers {status}, a redirect", hint="name the address it leads to")
    if status >= 500 or status in AGAIN:
        raise ConnectFailed(f"{channel.name}: answers {status}", hint=LATER)
    raise RequestRefused(f"{channel.name}: refuses it with {status}", hint="check its address and its rights")


def _read(answer: requests.Response, deadline: float) -> bytes:
    """What was answered, as far as it comes in time: the message has arrived, so it is no failure if it does not."""
    found = b""
    try:
        for piece in answer.iter_content(4096):
            found += piece
            if len(found) > MOST_BYTES or time.monotonic() > deadline:
                break
    except requests.RequestException:
        return found
    return found
