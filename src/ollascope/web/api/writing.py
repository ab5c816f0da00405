"""JSON answers: what is not measured is null, and no number is one that JSON does not know."""

import orjson
from flask import Response


def json_answer(value: object, status: int = 200) -> Response:
    """A value as an answer."""
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE)
    return Response(body, status=status, mimetype="application/json")
