"""Random Prompts and Chunks, as much of them as each format can carry."""

from hypothesis import strategies as st

from ollascope.words.chunk import Chunk, Logprob
from ollascope.words.prompt import Message, Prompt, ToolCall

NAMES = st.text(min_size=1, max_size=12)
TEXTS = st.text(max_size=20)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e12, 1e12)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)
EXTRAS = st.dictionaries(
    st.from_regex(r"x_[a-z]{1,4}", fullmatch=True), JSON.filter(lambda v: v is not None), max_size=2
)
CALLS = st.builds(ToolCall, name=NAMES, id=NAMES, arguments=OBJECTS)
COUNTS = st.none() | st.integers(1, 2**40)
SECONDS = st.none() | st.integers(1, 10**14).map(lambda nanoseconds: nanoseconds / 1e9)
MODELS = st.from_regex(r"(hf\.co/)?([a-z0-9]{1,8}/)?[a-z][a-z0-9.-]{0,12}(:[a-z0-9]{1,8})?", fullmatch=True)
BASE64 = st.sampled_from(["iVBORw0KGgo=", "/9j/4AAQ", "UklGRg==", "R0lGODlh", "AAAA"])
LOWS = st.floats(-100, 0)
BYTES = st.none() | st.lists(st.integers(0, 255), max_size=4).map(tuple)


def logprobs(others=()):
    return st.builds(
        Logprob, token=TEXTS, logprob=LOWS, token_bytes=BYTES, token_id=st.none() | st.integers(0, 10**6), others=others
    )


LOGPROBS = st.lists(logprobs(st.lists(logprobs(st.just(())), max_size=2).map(tuple)), max_size=2).map(tuple)
CALL_TUPLES = st.lists(CALLS, max_size=2).map(tuple)
PIECES = st.builds(Chunk, text=TEXTS, thinking=TEXTS, tool_calls=CALL_TUPLES, logprobs=LOGPROBS)


def answers(pieces, last):
    """A list of pieces and the last Chunk."""
    return st.tuples(st.lists(pieces, max_size=6), last).map(lambda parts: [*parts[0], parts[1]])


ollama_last = st.builds(
    Chunk,
    text=TEXTS,
    thinking=TEXTS,
    done=st.just(True),
    reason=st.sampled_from(["stop", "length", "load", None]),
    tokens_in=COUNTS,
    tokens_cached=st.none() | st.integers(0, 2**40),
    tokens_out=COUNTS,
    load_s=SECONDS,
    prefill_s=SECONDS,
    decode_s=SECONDS,
    total_s=SECONDS,
    extra=EXTRAS,
)
OLLAMA = answers(PIECES, ollama_last)


def counted(counts, **fields):
    """The last Chunk of an API that sends counts: both of them or none."""
    tokens_in, tokens_out = counts or (None, None)
    return Chunk(done=True, tokens_in=tokens_in, tokens_out=tokens_out, **fields)


BOTH = st.none() | st.tuples(st.integers(100, 2**40), st.integers(1, 2**40))
openai_last = st.builds(
    counted,
    BOTH,
    reason=st.sampled_from(["length", "content_filter", "tool_calls"]),
    tokens_cached=st.none() | st.integers(0, 100),
    tokens_thinking=st.none() | st.integers(0, 100),
    extra=EXTRAS,
)
OPENAI = answers(PIECES, openai_last)
COMPLETION = answers(st.builds(Chunk, text=TEXTS, logprobs=LOGPROBS), openai_last.map(lambda c: c))
anthropic_piece = (
    st.builds(Chunk, text=NAMES) | st.builds(Chunk, thinking=NAMES) | st.builds(Chunk, tool_calls=st.tuples(CALLS))
)
anthropic_last = st.builds(
    counted,
    st.tuples(st.integers(100, 2**40), st.integers(1, 2**40)),
    reason=st.sampled_from(["length", "content_filter", "tool_calls"]),
    tokens_cached=st.none() | st.integers(0, 100),
)
ANTHROPIC = answers(anthropic_piece, anthropic_last)

vectors = st.integers(1, 6).flatmap(
    lambda size: st.lists(
        st.lists(st.floats(-1, 1, width=32), min_size=size, max_size=size).map(tuple), min_size=1, max_size=3
    ).map(tuple)
)
EMBEDDINGS = st.builds(Chunk, vectors=vectors, done=st.just(True), tokens_in=COUNTS)

messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=TEXTS,
    thinking=st.none() | TEXTS,
    images=st.lists(BASE64, max_size=2).map(tuple),
    tool_calls=CALL_TUPLES,
    tool_name=st.none() | TEXTS,
    tool_call_id=st.none() | TEXTS,
    extra=EXTRAS,
)
TOOLS = st.lists(
    st.fixed_dictionaries({"name": NAMES, "parameters": OBJECTS}).map(lambda f: {"type": "function", "function": f}),
    max_size=2,
).map(tuple)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_k": st.integers(0, 100),
        "num_ctx": st.integers(1, 10**6),
        "use_mmap": st.booleans(),
        "x_unknown": st.text(),
    },
)
SAMPLING = st.fixed_dictionaries({}, optional={"temperature": st.floats(0, 2), "top_p": st.floats(0, 1)})
STOPS = st.lists(TEXTS, max_size=2).map(tuple)
shared = {
    "model": MODELS,
    "tools": TOOLS,
    "stream": st.booleans(),
    "max_tokens": st.none() | st.integers(1, 10**6),
    "stop": STOPS,
    "extra": EXTRAS,
}
ollama_shared = {
    **shared,
    "options": OPTIONS,
    "format": st.none() | st.just("json") | OBJECTS,
    "think": st.none() | st.booleans() | st.sampled_from(["low", "medium", "high", "max"]),
    "seed": st.none() | st.integers(-1, 2**31),
    "logprobs": st.none() | st.integers(0, 20),
    "keep_alive": st.none() | st.sampled_from(["5m", "-1s", "1h30m", "0"]) | st.integers(-1, 10**6),
}
OLLAMA_CHAT = st.builds(
    Prompt, operation=st.just("chat"), messages=st.lists(messages, max_size=3).map(tuple), **ollama_shared
)
OLLAMA_GENERATE = st.builds(Prompt, operation=st.just("generate"), text=TEXTS, **ollama_shared)
EMBED = st.builds(
    Prompt,
    model=MODELS,
    operation=st.just("embed"),
    inputs=st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    stream=st.just(False),
    extra=EXTRAS,
)
openai_shared = {
    **shared,
    "options": SAMPLING,
    "format": st.none() | st.just("json") | OBJECTS,
    "think": st.sampled_from([None, False, "low", "medium", "high"]),
    "seed": st.none() | st.integers(-1, 2**31),
    "logprobs": st.none() | st.integers(0, 20),
}
OPENAI_CHAT = st.builds(
    Prompt, operation=st.just("chat"), messages=st.lists(messages, min_size=1, max_size=3).map(tuple), **openai_shared
)
OPENAI_COMPLETION = st.builds(Prompt, operation=st.just("generate"), text=TEXTS, **openai_shared)
said = st.builds(
    Message,
    role=st.sampled_from(["user", "assistant"]),
    content=TEXTS,
    thinking=st.none() | NAMES,
    images=st.lists(BASE64, max_size=2).map(tuple),
    tool_calls=CALL_TUPLES,
    extra=EXTRAS,
)
result = st.builds(Message, role=st.just("tool"), content=TEXTS, tool_call_id=NAMES)
system = st.lists(st.builds(Message, role=st.just("system"), content=NAMES), max_size=1)
conversation = st.tuples(system, st.lists(said | result, min_size=1, max_size=4)).map(lambda two: (*two[0], *two[1]))
ANTHROPIC_CHAT = st.builds(
    Prompt,
    operation=st.just("chat"),
    messages=conversation,
    options=SAMPLING,
    think=st.none() | st.booleans(),
    **{**shared, "max_tokens": st.integers(1, 10**6)},
)
