"""What the fake does with a prompt: one pure function of (prompt, settings, random)."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice
from random import Random
from typing import Final

from ollascope.apis.body import encode, refuse
from ollascope.apis.errors import overflow, read_error, unable
from ollascope.apis.ollama_request import FOREVER, lifetime_s
from ollascope.engines.fake import scripts
from ollascope.engines.fake.example import example, fits
from ollascope.engines.fake.plan import LONGEST, SECOND, Fault, Plan, Times
from ollascope.engines.fake.settings import Fake, FaultKind
from ollascope.engines.fake.speech import CALL, THINK, THOUGHT, Manner
from ollascope.words.errors import Unsupported
from ollascope.words.prompt import Message, Prompt
from ollascope.words.record import Json

EMBEDDED: Final = 2046  # tokens of a text that are embedded; the rest is cut off without a word
DIMENSIONS: Final = 512
MOST_STOPS: Final = 100
KEPT: Final = 4  # tokens at the beginning of a text that stay when its middle is cut out
PATIENCE: Final = 10  # an answer without a limit ends after this many contexts
SERVER_SAYS: Final = "This server does not support embeddings. Start it with `--embeddings`"
TOO_LONG: Final = "input exceeds maximum context length and cannot be truncated further"

_ASKED: Final = re.compile(r"<\|fail:([a-z-]+|[45]\d\d)\|>")
_KINDS: Final[dict[str, FaultKind]] = {
    kind: kind for kind in ("line", "cut", "stall", "garbage", "content-type", "unfinished")
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Skills:
    """What a model can do, and whether its template repeats the last message for its scripts."""

    chats: bool = True
    tools: bool = True
    thinks: bool = True
    embeds: bool = False
    sees: bool = False
    repeats: bool = True

    @property
    def words(self) -> tuple[str, ...]:
        """The capabilities as the API calls them."""
        known = (("embedding", self.embeds), ("completion", self.chats), ("vision", self.sees), ("tools", self.tools),
                 ("thinking", self.thinks))  # fmt: skip
        return tuple(word for word, able in known if able)


def skills(name: str) -> Skills:
    """What a model can do, by its name."""
    low = name.lower()
    if "embed" in low or "vectors" in low:
        return Skills(chats=False, tools=False, thinks=False, embeds=True)
    able = not any(word in low for word in ("plain", "bare", "slow"))
    return Skills(tools=able, thinks=able, repeats="bare" not in low, sees="vision" in low or "llava" in low)


def decide(prompt: Prompt, settings: Fake, random: Random, *, able: Skills | None = None) -> Plan:
    """What will happen; raises what a real server would refuse it with. `able` is more than the model's name says."""
    able = able or skills(prompt.model)
    _check(prompt, able)
    life = settings.loading.keep_alive_s
    base = Plan(
        prompt=prompt,
        times=Times(
            prefill=settings.prefill_s * SECOND, first=round(settings.ttft_s * SECOND), gap=settings.gap_s * SECOND,
            shape=settings.gap_shape, spread=settings.gap_spread,
        ),
        context=_context(prompt, settings),
        lifetime_s=lifetime_s(prompt.keep_alive, FOREVER if life < 0 else life),
        fault=_fault(prompt, settings, random),
        seed=random.getrandbits(48),
        luck=_luck(prompt, random),
    )  # fmt: skip
    if prompt.operation == "embed":
        return _embed(base)
    return base if base.loads_only else _converse(base, settings, able, random)


def vector(text: str, dimensions: int = DIMENSIONS) -> tuple[float, ...]:
    """A text's embedding: how often each token is in it, normed; texts of the same letters are near each other."""
    counts = [0.0] * DIMENSIONS
    for token in islice(scripts.ids(text), EMBEDDED):
        counts[token] += 1
    kept = counts[:dimensions]
    length = math.sqrt(sum(value * value for value in kept))
    return tuple(value / length for value in kept) if length else tuple(kept)


def _check(prompt: Prompt, able: Skills) -> None:
    if prompt.operation == "embed":
        if not able.embeds:
            raise refuse(SERVER_SAYS, status=501, kind=Unsupported)
        return
    if len(prompt.stop) > MOST_STOPS:
        raise refuse(f"more than {MOST_STOPS} stop words")
    if not able.chats:
        raise unable(prompt.model, "chat" if prompt.operation == "chat" else "generate")
    if prompt.tools and not able.tools:
        raise unable(prompt.model, "tools")
    if prompt.think and not able.thinks:
        raise unable(prompt.model, "thinking")
    if prompt.extra.get("suffix"):
        raise unable(prompt.model, "insert")
    if not able.sees and (prompt.extra.get("images") or any(message.images for message in prompt.messages)):
        raise refuse("Multimodal data provided, but model does not support multimodal requests.")


def _context(prompt: Prompt, settings: Fake) -> int:
    wanted = prompt.options.get("num_ctx")
    context = int(wanted) if isinstance(wanted, int | float) and wanted > 0 else settings.answer.context
    return max(16, min(context, LONGEST))


def _luck(prompt: Prompt, random: Random) -> int | None:
    """The seed of what is said, if the client wants chance."""
    drawn = random.getrandbits(48)
    heat = prompt.options.get("temperature")
    if not isinstance(heat, int | float) or heat <= 0:
        return None
    return drawn if prompt.seed is None else prompt.seed


def _fault(prompt: Prompt, settings: Fake, random: Random) -> Fault | None:
    failing = settings.failures
    stall = round(failing.stall_s * SECOND)
    if asked := _ASKED.search(_said_last(prompt)):
        status = int(asked[1]) if asked[1].isdigit() else failing.status
        kind = _KINDS.get(asked[1], "status")
        return _status(Fault(kind=kind, after=failing.after, status=status, stall_ns=stall))
    if random.random() >= failing.share or failing.kind == "none":
        return None
    return _status(Fault(kind=failing.kind, after=failing.after, status=failing.status, stall_ns=stall))


def _status(fault: Fault) -> Fault:
    if fault.kind == "status":
        message = f"the fake was told to fail with {fault.status}"
        raise read_error(fault.status, encode({"error": message}))
    return fault


def _said_last(prompt: Prompt) -> str:
    if prompt.messages:
        return prompt.messages[-1].content
    return prompt.text or "".join(prompt.inputs[-1:])


def _embed(base: Plan) -> Plan:
    """A list with an empty text in it is refused, a lone empty text gives no vector: so does the real one."""
    prompt = base.prompt
    texts = prompt.inputs
    if not any(texts):
        texts = ()
    if not all(texts):
        raise refuse(TOO_LONG)
    longest = min(EMBEDDED, base.context)
    counts = [scripts.count(text) for text in texts]
    if prompt.extra.get("truncate") is False and any(count > longest for count in counts):
        raise refuse("the input length exceeds the context length")
    wanted = prompt.extra.get("dimensions")
    dimensions = wanted if isinstance(wanted, int) and 0 < wanted < DIMENSIONS else DIMENSIONS
    vectors = tuple(vector(text, dimensions) for text in texts)
    return replace(base, tokens_in=sum(min(count, longest) for count in counts), vectors=vectors)


def _converse(base: Plan, settings: Fake, able: Skills, random: Random) -> Plan:
    base = _fitted(base, able)
    script, ends = _script(base, settings, able, random)
    manner = _manner(base.prompt, able)
    marks = b"".join(script)
    if THINK.encode() not in marks:
        manner = replace(manner, thinks=False, shows_empty=False)
    if CALL.encode() not in marks:
        manner = replace(manner, tools=frozenset())
    return replace(base, script=script, ends=ends, manner=manner, limit=_limit(base))


def _fitted(base: Plan, able: Skills) -> Plan:
    """The prompt as the model reads it, cut to its context as Ollama does: a chat loses messages, a text its middle."""
    prompt = base.prompt
    text = scripts.render(prompt, able=able.thinks, repeats=able.repeats)
    known = prompt.extra.get("context")
    tokens = scripts.count(text) + (len(known) if isinstance(known, list) else 0)
    if tokens <= base.context:
        return replace(base, text=text, tokens_in=tokens)
    if prompt.extra.get("truncate") is False:
        raise overflow(tokens, base.context)
    if prompt.operation == "generate":
        return replace(base, text=text, tokens_in=KEPT + (base.context - KEPT) // 2)
    messages = prompt.messages
    while tokens > base.context and len(messages) > 1:
        messages = _without_oldest(messages)
        text = scripts.render_chat(prompt, messages, able=able.thinks, repeats=able.repeats)
        tokens = scripts.count(text)
    return replace(base, text=text, tokens_in=min(tokens, base.context))


def _without_oldest(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """System messages and the last one stay."""
    at = next((at for at, message in enumerate(messages[:-1]) if message.role != "system"), 0)
    return messages[:at] + messages[at + 1 :]


def _limit(base: Plan) -> int:
    wanted = base.prompt.max_tokens
    limit = PATIENCE * base.context if wanted is None else wanted if wanted > 0 else LONGEST
    if base.prompt.extra.get("shift") is False:
        limit = min(limit, base.context - base.tokens_in)
    return max(1, min(limit, LONGEST))


def _script(base: Plan, settings: Fake, able: Skills, random: Random) -> tuple[tuple[bytes, ...], bool]:
    """What will be said, and whether it comes to an end by itself."""
    name = scripts.script_of(base.text)
    script = scripts.SCRIPTS[name]
    wanted = base.prompt.format
    if wanted is not None:
        return _formatted(script, wanted), True
    if name or not settings.answer.tokens:
        return script, name != scripts.ENDLESS
    spread = settings.answer.spread
    size = max(1, round(settings.answer.tokens * (1 + random.uniform(-spread, spread))))
    thinking = settings.answer.thinking if able.thinks and base.prompt.think is not False else 0
    return (*_thoughts(thinking), *islice(cycle(scripts.WORDS), size)), True


def _thoughts(size: int) -> tuple[bytes, ...]:
    return (THINK.encode(), *islice(cycle(scripts.WORDS), size), THOUGHT.encode()) if size else ()


def _formatted(script: tuple[bytes, ...], wanted: str | Mapping[str, Json]) -> tuple[bytes, ...]:
    """What fits the format: the script's answer, or the script of JSON, or an example of the schema."""
    for each in (script, scripts.SCRIPTS[scripts.JSON_SCRIPT]):
        if fits(b"".join(each).decode("utf-8", "replace"), wanted):
            return each
    text = encode(example(wanted)) if not isinstance(wanted, str) else b"{}"
    return tuple(re.findall(rb"[^\s,:]+[\s,:]*|[\s,:]+", text))


def _manner(prompt: Prompt, able: Skills) -> Manner:
    thinks = able.thinks and prompt.think is not False
    names = [tool.get("function") for tool in prompt.tools] if prompt.operation == "chat" else []
    offered = frozenset(str(name.get("name")) for name in names if isinstance(name, dict))
    return Manner(
        stop=tuple(word for word in prompt.stop if word),
        thinks=thinks,
        tools=offered,
        shows_empty=thinks and prompt.operation == "generate",
        logprobs=prompt.logprobs,
    )
