"""Chat groups: the JSON that the incoming webhooks of Slack, Feishu, DingTalk and WeCom take."""

import json

from ollascope.monitor.alerts.channels.post import post
from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Channel
from ollascope.words.errors import ConnectFailed, RequestRefused
from ollascope.words.record import Json

WECOM_BYTES, SLACK_LETTERS, OTHER_BYTES = 2000, 3000, 15_000
BUSY = {45009, 130101, 9499, 11232}  # codes that mean: too many messages, try again


def slack(notice: Notice, channel: Channel) -> None:
    """Slack and what speaks like it, as Mattermost."""
    text = cut(f"*{notice.title}*\n{notice.text}", SLACK_LETTERS)
    post(channel, {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")})


def feishu(notice: Notice, channel: Channel) -> None:
    """Feishu and Lark."""
    body: dict[str, Json] = {"msg_type": "text", "content": {"text": _text(notice, OTHER_BYTES)}}
    _judge(channel, post(channel, body))


def dingtalk(notice: Notice, channel: Channel) -> None:
    """DingTalk."""
    body: dict[str, Json] = {"msgtype": "text", "text": {"content": _text(notice, OTHER_BYTES)}}
    _judge(channel, post(channel, body))


def wecom(notice: Notice, channel: Channel) -> None:
    """WeCom (WeChat Work)."""
    body: dict[str, Json] = {"msgtype": "text", "text": {"content": _text(notice, WECOM_BYTES)}}
    _judge(channel, post(channel, body))


def cut(text: str, most: int) -> str:
    """A text of at most so many bytes, whole letters."""
    data = text.encode()
    return text if len(data) <= most else data[: most - 3].decode(errors="ignore") + "…"


def _text(notice: Notice, most: int) -> str:
    return cut(f"Ollascope {notice.title}\n{notice.text}", most)


def _judge(channel: Channel, answer: bytes) -> None:
    """These answer 200 also to what they refuse, with a code beside it."""
    try:
        said = json.loads(answer)
    except ValueError:
        return
    code = next((said[key] for key in ("errcode", "code", "StatusCode") if key in said), 0) if type(said) is dict else 0
    if code in BUSY:
        raise ConnectFailed(f"{channel.name}: too many messages (code {code})", hint="it is sent again")
    if code != 0:
        raise RequestRefused(f"{channel.name}: refuses it with code {code!s:.40}",
                            hint="check the robot's rules; its keyword can be Ollascope")  # fmt: skip
