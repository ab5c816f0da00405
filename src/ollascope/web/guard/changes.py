"""Every change is sent by a page of ours, with the token of its session; nothing else may change anything."""

import hmac
import secrets
from typing import Final

from flask import Request, session

from ollascope.web.guard.hosts import is_own_origin
from ollascope.words.errors import RequestRefused

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD, HEADER, KEY = "csrf_token", "X-CSRF-Token", "token"
HINT: Final = "load the page again, then try once more"


def token() -> str:
    """The token that forms and scripts of this session send along."""
    if KEY not in session:
        session[KEY] = secrets.token_urlsafe(24)
    return str(session[KEY])


def refuse_forged(asked: Request) -> None:
    """Refuse a change that no page of ours sent."""
    if asked.method in SAFE:
        return
    if not is_own_origin(asked.headers.get("Origin"), asked.headers.get("Sec-Fetch-Site"), asked.host):
        raise RequestRefused("this change was sent by a page of another site", hint="use the pages of this server")
    said = asked.headers.get(HEADER) or asked.form.get(FIELD, "")
    known = str(session.get(KEY, ""))
    if not known or not hmac.compare_digest(said.encode(), known.encode()):
        raise RequestRefused("this change has no valid token", hint=HINT)
