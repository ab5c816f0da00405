"""The routes of the JSON API, made from the table of endpoints; what a caller gives is checked against it."""

import re
from collections.abc import Callable, Mapping, Sequence

import orjson
from flask import Blueprint, Response, abort, request

from ollascope.web.api.document import PREFIX, document
from ollascope.web.api.endpoint import Asked, Endpoint, Parameter, Plain
from ollascope.web.api.writing import json_answer
from ollascope.words.errors import BadUsage

TRUE, FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
_WHOLE = re.compile(r"-?\d{1,18}")


def api_routes(endpoints: Sequence[Endpoint]) -> Blueprint:
    """Every endpoint under /api/v1, and the document that describes them."""
    routes = Blueprint("api", __name__, url_prefix=PREFIX)
    told = document(endpoints)
    for number, endpoint in enumerate(endpoints):
        path = re.sub(r"{(\w+)}", r"<\1>", endpoint.path)
        routes.add_url_rule(path, f"endpoint_{number}", _view(endpoint), methods=[endpoint.method])

    @routes.get("/openapi.json")
    def describe() -> Response:
        return json_answer(told)

    return routes


def _view(endpoint: Endpoint) -> Callable[..., Response]:
    def view(**inside: str) -> Response:
        values: dict[str, Plain | None] = {each.name: _read(each, inside[each.name]) for each in endpoint.inside}
        values |= _of_query(endpoint)
        values |= _of_body(endpoint)
        return json_answer(endpoint.answer(Asked(values=values)))

    return view


def _of_query(endpoint: Endpoint) -> dict[str, Plain | None]:
    known = {each.name for each in endpoint.query}
    if unknown := [name for name in request.args if name not in known]:
        there = ", ".join(sorted(known)) or "none"
        raise BadUsage(f"there is no parameter {unknown[0][:40]!r}", hint=f"known are: {there}")
    return {each.name: _of(each, request.args.get(each.name)) for each in endpoint.query}


def _of(parameter: Parameter, text: str | None) -> Plain | None:
    if text is None:
        if parameter.required:
            raise BadUsage(f"{parameter.name} is missing", hint=parameter.meaning)
        return parameter.default
    return _read(parameter, text)


def _of_body(endpoint: Endpoint) -> dict[str, Plain | None]:
    if not endpoint.body:
        return {}
    given = _json()
    if not isinstance(given, Mapping):
        raise BadUsage(
            "the body is no JSON object", hint="send an object with the fields that /api/v1/openapi.json names"
        )
    known = {each.name for each in endpoint.body}
    if unknown := [str(name) for name in given if name not in known]:
        raise BadUsage(f"there is no field {unknown[0][:40]!r}", hint=f"known are: {', '.join(sorted(known))}")
    return {each.name: _of_field(each, given.get(each.name)) for each in endpoint.body}


def _json() -> object:
    if not request.is_json:
        abort(415)
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise BadUsage(f"the body is no JSON: {error}", hint="send an object, as application/json") from error


def _of_field(parameter: Parameter, value: object) -> Plain | None:
    if value is None:
        return _of(parameter, None)
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    }  # fmt: skip
    fits = isinstance(value, kinds[parameter.kind]) and isinstance(value, bool) == (parameter.kind == "boolean")
    if not fits or not isinstance(value, str | int | float | bool):
        raise BadUsage(f"{parameter.name} is no {parameter.kind}", hint=parameter.meaning)
    return _checked(parameter, value)


def _read(parameter: Parameter, text: str) -> Plain:
    value: Plain | None = text
    if parameter.kind == "integer":
        value = int(text) if _WHOLE.fullmatch(text) else None
    elif parameter.kind == "number":
        value = _number(text)
    elif parameter.kind == "boolean":
        value = True if text.lower() in TRUE else False if text.lower() in FALSE else None
    if value is None:
        raise BadUsage(f"{parameter.name} is no {parameter.kind}", hint=parameter.meaning)
    return _checked(parameter, value)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e300 else None  # neither nan nor without end


def _checked(parameter: Parameter, value: Plain) -> Plain:
    name, hint = parameter.name, parameter.meaning
    if isinstance(value, str):
        if len(value) > parameter.longest:
            raise BadUsage(f"{name} has more than {parameter.longest} letters", hint=hint)
        if parameter.choices and value not in parameter.choices:
            raise BadUsage(f"{name} is none of {', '.join(parameter.choices)}", hint=hint)
    elif not isinstance(value, bool):
        if parameter.minimum is not None and value < parameter.minimum:
            raise BadUsage(f"{name} is less than {parameter.minimum:g}", hint=hint)
        if parameter.maximum is not None and value > parameter.maximum:
            raise BadUsage(f"{name} is more than {parameter.maximum:g}", hint=hint)
    return value
