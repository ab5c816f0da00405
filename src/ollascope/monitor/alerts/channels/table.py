"""The table of channels: a kind and the function that delivers one notice, or says why it could not."""

from collections.abc import Callable

from ollascope.monitor.alerts.channels.chat import dingtalk, feishu, slack, wecom
from ollascope.monitor.alerts.channels.command import send_command
from ollascope.monitor.alerts.channels.mail import send_mail
from ollascope.monitor.alerts.channels.webhook import send_webhook
from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Channel, ChannelKind

Deliver = Callable[[Notice, Channel], None]

CHANNELS: dict[ChannelKind, Deliver] = {
    "webhook": send_webhook,
    "mail": send_mail,
    "slack": slack,
    "feishu": feishu,
    "dingtalk": dingtalk,
    "wecom": wecom,
    "command": send_command,
}


def deliver(notice: Notice, channel: Channel) -> None:
    """Deliver one notice over its channel."""
    CHANNELS[channel.kind](notice, channel)
