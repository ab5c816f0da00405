"""E-mail by SMTP."""

import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate

from ollascope.monitor.alerts.channels.outcome import HINT, LATER, secret_of, why_of
from ollascope.monitor.alerts.notices import Notice
from ollascope.monitor.alerts.rules import Channel
from ollascope.words.errors import ConnectFailed, RequestRefused

PATIENCE_S = 15.0
PERMANENT = 500


def send_mail(notice: Notice, channel: Channel) -> None:
    """Send it to everybody that the channel names."""
    try:
        with _connected(channel) as server:
            if channel.password_file is not None:
                server.login(channel.user, secret_of(channel.password_file))
            server.send_message(message_of(notice, channel))
    except smtplib.SMTPResponseException as error:
        raise _told(channel, error.smtp_code, "the mail server says") from error
    except smtplib.SMTPRecipientsRefused as error:
        code = next((code for code, _ in error.recipients.values()), PERMANENT)
        raise _told(channel, code, "the mail server refuses the recipients") from error
    except smtplib.SMTPNotSupportedError as error:
        what = f"{channel.name}: the mail server at {channel.host}:{channel.port} does not offer it: {error}"
        raise RequestRefused(what, hint="check `security`, `user` and `port`") from error
    except (OSError, smtplib.SMTPException) as error:
        what = f"{channel.name}: {why_of(error)}, at {channel.host}:{channel.port}"
        raise ConnectFailed(what, hint=HINT) from error


def message_of(notice: Notice, channel: Channel) -> EmailMessage:
    """The message as it travels; no line of an alert can become a head."""
    message = EmailMessage()
    message["Subject"] = " ".join(f"Ollascope {notice.title}".split())[:200]
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Date"] = formatdate(notice.at)
    message["Message-ID"] = f"<{notice.id}@{socket.gethostname()}>"
    message.set_content(notice.text)
    return message


def _connected(channel: Channel) -> smtplib.SMTP:
    if channel.security == "tls":
        return smtplib.SMTP_SSL(channel.host, channel.port, timeout=PATIENCE_S, context=ssl.create_default_context())
    server = smtplib.SMTP(channel.host, channel.port, timeout=PATIENCE_S)
    if channel.security == "starttls":
        server.starttls(context=ssl.create_default_context())
    return server


def _told(channel: Channel, code: int, what: str) -> ConnectFailed | RequestRefused:
    text = f"{channel.name}: {what} {code}"
    if code >= PERMANENT:
        return RequestRefused(text, hint="check sender, recipients and password")
    return ConnectFailed(text, hint=LATER)
