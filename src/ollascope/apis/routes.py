"""Which method and path is which action of which API, and what a gateway should not let through by itself."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

Api = Literal["ollama", "openai", "anthropic"]
Action = Literal[
    "root",
    "version",
    "chat",
    "generate",
    "embed",
    "embeddings",
    "tags",
    "ps",
    "show",
    "pull",
    "push",
    "create",
    "blob",
    "copy",
    "delete",
    "models",
    "model",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry of the table; a path that ends in `/*` takes the rest of the path as a name."""

    method: str
    path: str
    api: Api
    action: Action
    denied: bool = False

    @property
    def answers(self) -> bool:
        """A model answers here: a request makes a Prompt and a Call."""
        return self.action in {"chat", "generate", "embed", "embeddings"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The route of a request and the name in its path: a digest or a model."""

    route: Route
    name: str = ""


def _route(methods: str, path: str, api: Api, action: Action, *, denied: bool = False) -> tuple[Route, ...]:
    return tuple(Route(method=method, path=path, api=api, action=action, denied=denied) for method in methods.split())


ROUTES: tuple[Route, ...] = (
    *_route("GET HEAD", "/", "ollama", "root"),
    *_route("GET HEAD", "/api/version", "ollama", "version"),
    *_route("POST", "/api/chat", "ollama", "chat"),
    *_route("POST", "/api/generate", "ollama", "generate"),
    *_route("POST", "/api/embed", "ollama", "embed"),
    *_route("POST", "/api/embeddings", "ollama", "embeddings"),
    *_route("GET HEAD", "/api/tags", "ollama", "tags"),
    *_route("GET", "/api/ps", "ollama", "ps"),
    *_route("POST", "/api/show", "ollama", "show"),
    *_route("POST", "/api/pull", "ollama", "pull", denied=True),
    *_route("POST", "/api/push", "ollama", "push", denied=True),
    *_route("POST", "/api/create", "ollama", "create", denied=True),
    *_route("POST HEAD", "/api/blobs/*", "ollama", "blob", denied=True),
    *_route("POST", "/api/copy", "ollama", "copy", denied=True),
    *_route("DELETE", "/api/delete", "ollama", "delete", denied=True),
    *_route("POST", "/v1/chat/completions", "openai", "chat"),
    *_route("POST", "/v1/completions", "openai", "generate"),
    *_route("POST", "/v1/embeddings", "openai", "embed"),
    *_route("GET", "/v1/models", "openai", "models"),
    *_route("GET", "/v1/models/*", "openai", "model"),
    *_route("POST", "/v1/messages", "anthropic", "chat"),
)

_EXACT = {(route.method, route.path): route for route in ROUTES if not route.path.endswith("*")}
_NAMED = tuple(route for route in ROUTES if route.path.endswith("*"))
_TARGETS = {(route.api, route.action): route for route in reversed(ROUTES)}


def find(method: str, target: str) -> Found | None:
    """The route of a request line, or None: then `methods` says whether the path or only the method is wrong."""
    path = target.partition("?")[0]
    if route := _EXACT.get((method, path)):
        return Found(route=route)
    return next((Found(route=route, name=name) for route in _NAMED if (name := _name(route, method, path))), None)


def methods(target: str) -> tuple[str, ...]:
    """The methods a path knows, for OPTIONS and the `Allow` of a 405; none means 404."""
    known = sorted({route.method for route in ROUTES})
    return tuple(method for method in known if find(method, target))


def route_to(api: Api, action: Action) -> Route | None:
    """The route a client uses for an action, or None where this API has none; HEAD is never it."""
    return _TARGETS.get((api, action))


def api_of(target: str) -> Api:
    """The API whose shape an error on this path should have, also for paths that no route knows."""
    if target.startswith("/v1/messages"):
        return "anthropic"
    return "openai" if target.startswith("/v1/") else "ollama"


def _name(route: Route, method: str, path: str) -> str:
    prefix = route.path[:-1]
    return unquote(path[len(prefix) :]) if route.method == method and path.startswith(prefix) else ""
