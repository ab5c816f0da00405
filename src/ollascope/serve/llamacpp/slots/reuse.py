"""Which slot takes a prompt: what it remembers may be gone on from, or copied from another, or thrown away; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ollascope.serve.llamacpp.slots.native.context import Tokens

WORTH_COPYING = 16  # tokens at least: below that nothing is gained on any machine
AGAIN = 0.5  # how likely it is that what the slot used last remembers is wanted again; the one used first: AGAIN_OLD
AGAIN_OLD = 0.05
STEPS = 64  # decodes that an answer may take: what standing apart from the others costs is paid in each
NEAR = 3  # slots that many apart still go into one pass, with the idle ones between them along


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Seconds, as measured on this machine with this model."""

    token_s: float  # to prefill one token
    copy_s: float  # to copy what a slot remembers to another one; infinite where that is impossible
    pass_s: float  # one more pass over the weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A free slot."""

    id: int
    length: int  # tokens that it remembers
    shared: int  # of these, how many the prompt begins with
    used: int  # when it was used last, as a number that grows


def choose_slot(idle: Sequence[Idle], busy: Sequence[int], shared_elsewhere: int, costs: Costs) -> int:
    """The free slot with which the prompt costs least; `shared_elsewhere` is the most that any slot has of it."""
    ranks = {slot.id: rank for rank, slot in enumerate(sorted(idle, key=lambda slot: slot.used))}

    def cost(slot: Idle) -> tuple[float, int]:
        rank = ranks[slot.id] / max(1, len(idle) - 1)
        again = AGAIN_OLD + (AGAIN - AGAIN_OLD) * rank
        going_on = (slot.length - slot.shared) * costs.token_s * again - slot.shared * costs.token_s
        copying = slot.length * costs.token_s * again - shared_elsewhere * costs.token_s + costs.copy_s
        apart = costs.pass_s * STEPS if busy and not _near(slot.id, busy) else 0.0
        return min(going_on, copying) + apart, slot.id

    return min(idle, key=cost).id


def worth_copying(own: int, other: int, costs: Costs) -> bool:
    """Whether to copy what another slot shares of a prompt instead of computing it."""
    return other - own >= WORTH_COPYING and (other - own) * costs.token_s > costs.copy_s


def shared_length(one: Tokens, other: Tokens) -> int:
    """How many tokens both begin with."""
    length = min(len(one), len(other))
    differing = np.flatnonzero(one[:length] != other[:length])
    return int(differing[0]) if len(differing) else length


def _near(slot: int, busy: Sequence[int]) -> bool:
    return any(abs(slot - other) <= NEAR for other in busy)
