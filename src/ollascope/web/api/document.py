"""The OpenAPI document, made from the table of endpoints."""

from collections.abc import Mapping, Sequence
from typing import Final

from ollascope import __version__
from ollascope.web.api.endpoint import Endpoint, Parameter
from ollascope.words.record import Json

PREFIX: Final = "/api/v1"
ERROR: Final[Mapping[str, Json]] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {name: {"type": "string"} for name in ("code", "message", "hint")},
        }
    },
}
TOKEN: Final[Mapping[str, Json]] = {
    "name": "X-CSRF-Token", "in": "header", "required": True, "schema": {"type": "string"},
    "description": "the token of the session, in the meta element csrf-token of every page",
}  # fmt: skip


def document(endpoints: Sequence[Endpoint]) -> dict[str, Json]:
    """All routes as OpenAPI 3.1 describes them."""
    paths: dict[str, dict[str, Json]] = {}
    for endpoint in endpoints:
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ollascope",
            "version": __version__,
            "description": "The figures of the dashboard. Times are seconds since 1970; what was not measured is null.",
        },
        "paths": paths,
        "components": {"schemas": {"Error": ERROR}},
    }


def _operation(endpoint: Endpoint) -> dict[str, Json]:
    inside: list[Json] = [_parameter(each, "path") for each in endpoint.inside]
    query: list[Json] = [_parameter(each, "query") for each in endpoint.query]
    changes = endpoint.method != "GET"
    told: dict[str, Json] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}{endpoint.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "tags": [endpoint.tag],
        "parameters": [*inside, *query, *([TOKEN] if changes else [])],
        "responses": _responses(endpoint, changes),
    }
    if endpoint.body:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": _object(endpoint.body)}}}
    return told


def _responses(endpoint: Endpoint, changes: bool) -> dict[str, Json]:
    content: Json = {"application/json": {"schema": endpoint.schema}}
    found: dict[str, Json] = {"200": {"description": "the answer", "content": content}}
    for status in sorted({400, 401, 403, 500, *endpoint.troubles, *((413, 415) if changes else ())}):
        refused: Json = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        found[str(status)] = {"description": "what went wrong, and what to do", "content": refused}
    return found


def _parameter(parameter: Parameter, where: str) -> dict[str, Json]:
    return {
        "name": parameter.name,
        "in": where,
        "required": parameter.required or where == "path",
        "description": parameter.meaning,
        "schema": _schema(parameter),
    }


def _object(fields: Sequence[Parameter]) -> dict[str, Json]:
    required: list[Json] = [each.name for each in fields if each.required]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {each.name: {**_schema(each), "description": each.meaning} for each in fields},
        **({"required": required} if required else {}),
    }


def _schema(parameter: Parameter) -> dict[str, Json]:
    told: dict[str, Json] = {"type": parameter.kind}
    if parameter.kind == "string":
        told |= {"enum": list(parameter.choices)} if parameter.choices else {"maxLength": parameter.longest}
    if parameter.minimum is not None:
        told["minimum"] = parameter.minimum
    if parameter.maximum is not None:
        told["maximum"] = parameter.maximum
    if parameter.default is not None:
        told["default"] = parameter.default
    return told
