"""A webhook: all of a notice as JSON."""

from ollascope.monitor.alerts.channels.post import post
from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Channel
from ollascope.monitor.alerts.state import alert_of
from ollascope.words.record import Json, to_json

UNSHOWN = {"seen", "told_at", "told"}


def send_webhook(notice: Notice, channel: Channel) -> None:
    """Post it."""
    post(channel, body_of(notice))


def body_of(notice: Notice) -> dict[str, Json]:
    """A notice as JSON."""
    return {
        "id": notice.id,
        "at": notice.at,
        "status": "firing" if notice.firing else "resolved",
        "title": notice.title,
        "text": notice.text,
        "alerts": [
            {name: part for name, part in to_json(each).items() if name not in UNSHOWN} | {"kind": alert_of(each).kind}
            for each in notice.alerts
        ],
    }
