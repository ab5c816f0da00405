"""Where the requests of a run go: address, path, headers, and how long each phase may take."""

from dataclasses import dataclass
from typing import Final

from ollascope.apis.routes import Action, Api, route_to
from ollascope.bench.asked import Asked, Ends
from ollascope.engines.address import bare, read_address
from ollascope.pipe import Address, Waits
from ollascope.words.errors import BadSettings, BadUsage

KEPT_S: Final = 3600.0  # users keep their connection, however long they think
WRITE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where requests go."""

    address: Address
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    api: Api
    action: Action
    backend: str
    waits: Waits


def aim_of(asked: Asked, key: str) -> Aim:
    """The target of a run; a BadSettings where its address or the key cannot be one."""
    target = asked.target
    api: Api = "openai" if target.api == "openai" else "ollama"
    found = read_address(bare(target.url) if api == "openai" else target.url)
    address = Address.of(found.url)
    prefix = found.url.partition("://")[2].partition("/")[2]
    route = route_to(api, target.operation)
    if route is None:
        raise BadUsage(f"the {api} API has no {target.operation}", hint="choose chat, generate or embed")
    authorization = f"Bearer {key}" if key else found.authorization
    return Aim(
        address=address,
        target=f"/{prefix}{route.path}".replace("//", "/").encode("ascii", "replace"),
        headers=(
            (b"content-type", b"application/json"),
            (b"accept", b"*/*"),
            *(((b"authorization", _header(authorization)),) if authorization else ()),
        ),
        api=api,
        action=route.action,
        backend=found.url,
        waits=waits_of(asked.ends),
    )


def waits_of(ends: Ends) -> Waits:
    """The patience of a run as the pipe keeps it."""
    return Waits(
        connect=ends.connect_s, head=ends.first_s, idle=ends.idle_s, whole=ends.whole_s, kept=KEPT_S, write=WRITE_S
    )


def _header(value: str) -> bytes:
    if not value.isascii() or not value.isprintable():
        raise BadSettings(
            "the key of the server has letters that no key has", hint="give it as one line of plain letters"
        )
    return value.encode()
