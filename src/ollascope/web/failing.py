"""What a viewer sees when something goes wrong: one clear line and what to do, as a page or JSON, never a traceback."""

import logging
import secrets

from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from ollascope.web.guard.gate import API
from ollascope.web.language import tell
from ollascope.words.errors import RateLimited, Trouble

log = logging.getLogger(__name__)

PAGES_OWN = "X-CSRF-Token"  # only the scripts of our own pages send it: they show a person what comes back

SAID = {  # what HTTP itself refuses, in words; each has its line in the catalogue
    400: ("the browser sent something that makes no sense", "go back, then try again"),
    404: ("there is no such page", "the navigation above leads to every page there is"),
    405: ("this address does not take that", "go back, then try again"),
    413: ("that is larger than this server takes", "send less, or raise dashboard.body_kib"),
    415: ("this kind of content is not taken here", "send JSON"),
    500: ("something went wrong that should not: a bug", "`ollascope logs` shows more under this number"),
}
NOTHING = ("there is nothing at this address", "/api/v1/openapi.json describes what there is")  # for programs


def tell_failures(app: Flask) -> None:
    """Answer every failure in the shape that was asked for."""

    @app.errorhandler(Trouble)
    def trouble(error: Trouble) -> Response:
        status = error.status if error.status < 600 and error.status != 499 else 500
        answer = _told(status, error.code, error.message, error.hint)
        if isinstance(error, RateLimited):
            answer.headers["Retry-After"] = "60"
        return answer

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return error.get_response()  # type: ignore[return-value]  # a redirect of the router
        what, hint = SAID.get(status, SAID[400])
        if status == 404 and request.path.startswith(API):
            what, hint = NOTHING
        answer = _told(status, f"http-{status}", what, hint)
        for name, value in error.get_headers():
            if name in {"Allow", "Retry-After"}:
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        number = secrets.token_hex(4)
        log.error("bug %s at %s %s", number, request.method, request.path, exc_info=error)
        what, hint = SAID[500]
        return _told(500, "bug", f"{what} ({number})", hint)


def _told(status: int, code: str, what: str, hint: str) -> Response:
    if request.path.startswith(API) or request.accept_mimetypes.best == "application/json":
        shown, advice = (tell(what).text, tell(hint).text) if PAGES_OWN in request.headers else (what, hint)
        answer = make_response({"error": {"code": code, "message": shown, "hint": advice}})
    elif "theme" not in g:  # refused before anything was known of the viewer
        answer = make_response(f"{status} {what}\n{hint}\n")
        answer.mimetype = "text/plain"
    else:
        answer = make_response(render_template("web/failure.html", status=status, what=what, hint=hint))
    answer.status_code = status
    return answer
