"""One channel of a rules file: where notices go, with every secret in a file of its own."""

from typing import Literal, cast

from ollascope.monitor.alerts.reading.nodes import Reader
from ollascope.monitor.alerts.rules import SEVERITIES, Channel, ChannelKind
from ollascope.settings.findings import looks_secret
from ollascope.words.alerts import Severity

KINDS = ("webhook", "mail", "slack", "feishu", "dingtalk", "wecom", "command")
CHATS = frozenset({"slack", "feishu", "dingtalk", "wecom"})
SHARED = ("name", "kind", "severity", "match")
KEYS = {
    "webhook": ("url", "url_file"),
    "mail": ("host", "port", "security", "user", "password_file", "sender", "to"),
    "command": ("command",),
}
SECURITY = ("none", "starttls", "tls")


def read_channel(reader: Reader) -> Channel | None:
    """The channel, or None where its kind is not known."""
    name = reader.name()
    kind = reader.choice("kind", KINDS, "")
    if not kind:
        if reader.has("kind"):
            return None
        reader.wrong("kind", f"the channel {name!r} has no kind", f"write one of {', '.join(KINDS)}")
        return None
    reader.know(*SHARED, *KEYS.get(kind, ("url", "url_file")))
    _check(reader, kind)
    return Channel(
        name=name,
        kind=cast("ChannelKind", kind),
        severity=cast("Severity", reader.choice("severity", SEVERITIES, "info")),
        match=reader.words("match"),
        url=reader.text("url"),
        url_file=reader.path("url_file"),
        host=reader.text("host"),
        port=reader.whole("port", 25, least=1, most=65535),
        security=cast("Literal['none', 'starttls', 'tls']", reader.choice("security", SECURITY, "none")),
        user=reader.text("user"),
        password_file=reader.path("password_file"),
        sender=reader.text("sender"),
        to=reader.texts("to"),
        command=reader.texts("command"),
    )


def _check(reader: Reader, kind: str) -> None:
    if kind == "mail":
        _check_mail(reader)
    elif kind == "command":
        if not reader.has("command"):
            reader.wrong("", "a command channel without `command`", "write `command: [program, argument]`")
    else:
        _check_address(reader, kind)


def _check_mail(reader: Reader) -> None:
    for key in ("host", "sender", "to"):
        if not reader.has(key):
            reader.wrong("", f"a mail channel without `{key}`", f"write `{key}:`")
    for key in ("sender", "to"):
        for address in reader.texts(key):
            if "@" not in address or any(letter <= " " for letter in address):
                reader.wrong(key, f"{address[:60]!r} is no address", "write it as in ops@example.com")
    if reader.has("user") != reader.has("password_file"):
        reader.wrong("", "of `user` and `password_file` there is only one", "give both or none")
    if reader.has("password_file") and reader.text("security", "none") == "none":
        reader.wrong("password_file", "the password would travel open", "write `security: starttls` or `tls`")


def _check_address(reader: Reader, kind: str) -> None:
    if reader.has("url") == reader.has("url_file"):
        reader.wrong(
            "", f"a {kind} channel needs one of `url` and `url_file`", "name the address, or the file it is in"
        )
    elif reader.has("url") and (kind in CHATS or looks_secret(reader.text("url"))):
        reader.wrong("url", "whoever knows this address can post there: it is a secret",
                     "put it into a file that only you can read, and name that with `url_file`")  # fmt: skip
    elif reader.has("url") and not reader.text("url").startswith(("http://", "https://")):
        reader.wrong("url", "is no address", "begin it with https:// or http://")
