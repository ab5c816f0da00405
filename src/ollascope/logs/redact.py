"""Keeps secrets out of the logs: our own by their text, others by how they are written."""

import base64
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

from ollascope.words.setting import Secret

STAR = "[secret]"
URL_LETTERS = str.maketrans("+/", "-_")  # base64 as URLs and tokens have it
SHORTEST = 6  # a shorter secret would black out ordinary words
NAMES = (
    r"[\w.-]{0,40}(?:api[-_]?key|apikey|access[-_]?key|secret|passw(?:or)?d|passwd|credential|private[-_]?key|"
    r"(?:access|auth|refresh|id|bearer|session|csrf|x)[-_]?token|(?<!\w)token)"
)
WRITTEN = re.compile(
    r"(?P<head>(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic|digest|token)\s+)?[^\s\"',;]+"
    r"|(?P<cookie>(?:set-)?cookie[\"']?\s*[:=]\s*[\"']?)[^\"'\r\n]+"
    r"|(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}"
    rf"|(?P<name>\b{NAMES}[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s\"',;&}})\]]+)"
    r"|(?P<user>\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:]{0,200}:)[^\s/@]{1,500}(?=@)"
    r"|\b(?:sk|pk|rk|oll|xox[abprs])[-_][\w-]{12,}"
    r"|\b(?:gh[pousr]_|github_pat_|hf_|glpat-|AKIA|AIza)\w{12,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE,
)


def redactor(secrets: Iterable[Secret] = ()) -> Callable[[str], str]:
    """A function that blacks out secrets: these ones in every form they travel in, and whatever looks like one."""
    texts = {form for secret in secrets for form in _forms(secret.reveal()) if len(form) >= SHORTEST}
    either = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
    ours = re.compile(either, re.IGNORECASE) if texts else None  # %2F in a URL is also written %2f

    def redact(text: str) -> str:
        if ours is not None:
            text = ours.sub(STAR, text)
        return WRITTEN.sub(_star, text)

    return redact


def _star(found: re.Match[str]) -> str:
    kept = next((part for part in found.groups() if part is not None), "")
    return kept + STAR


def _forms(text: str) -> Iterable[str]:
    """As it is, in a URL, in JSON, and in both kinds of base64 at each of its three beginnings."""
    raw = text.encode("utf-8", "surrogatepass")
    yield text
    yield quote(text, safe="")
    yield quote(text)
    yield quote_plus(text)
    yield json.dumps(text)[1:-1]
    if len(raw) >= SHORTEST:
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + raw).decode()
            inner = coded[(0, 2, 3)[shift] : -4]  # the letters at the ends mix with what stands beside the secret
            if len(inner) >= 8:
                yield inner
                yield inner.translate(URL_LETTERS)
