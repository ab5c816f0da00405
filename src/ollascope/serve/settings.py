"""Section `serve`: how our own model servers listen and what they bear."""

from dataclasses import dataclass

from ollascope.words.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """How our own model servers listen and what they bear."""

    host: str = setting(
        "127.0.0.1", "address to listen on; there are no keys, so others need `beyond_loopback`", kind="host"
    )
    beyond_loopback: bool = setting(False, "let other machines in, without any key")
    origins: tuple[str, ...] = setting(
        (), "web pages that may call, beside those of this machine, as https://chat.example"
    )
    connections: int = setting(1000, "most connections at once; the next one gets 503", minimum=1, maximum=100_000)
    body_mib: int = setting(64, "largest request, in MiB", minimum=1, maximum=4096)
    buffer_kib: int = setting(64, "most that waits for a client that reads slowly, in KiB", minimum=1, maximum=65_536)
    write_s: float = setting(30.0, "a client that takes nothing for this long is cut off", minimum=1, maximum=3600)
    drain_s: float = setting(1.0, "seconds that running answers have when the server ends", minimum=0, maximum=60)
