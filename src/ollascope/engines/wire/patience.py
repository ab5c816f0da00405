"""How long each phase of an exchange may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds for each phase of an exchange."""

    connect_s: float = 5.0  # name, TCP and TLS
    first_s: float = 600.0  # until the head: it comes with the first token, so load, queue and prefill lie in it
    idle_s: float = 120.0  # of silence, while sending or between two pieces
    answer_s: float = 30.0  # for the whole of a small answer
