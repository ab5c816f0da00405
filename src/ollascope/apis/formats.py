"""The table of formats: for each API and action how a request is read and written, and its answer read and written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ollascope.apis import anthropic_request, ollama_request, openai_request
from ollascope.apis.anthropic_answer import AnthropicAnswer, AnthropicEvents, AnthropicObject, AnthropicWhole
from ollascope.apis.ollama_answer import OllamaAnswer, OllamaEmbed, OllamaEmbedding, OllamaLines, OllamaWhole
from ollascope.apis.openai_read import OpenAiAnswer, OpenAiEmbedding, OpenAiWhole
from ollascope.apis.openai_write import OpenAiEvents, OpenAiObject, OpenAiVectors
from ollascope.apis.reading import Events, Format, Lines, Reader, Whole
from ollascope.apis.routes import Action, Api
from ollascope.apis.writing import Stamp, Writer
from ollascope.words.errors import Unsupported
from ollascope.words.prompt import Prompt

Key = tuple[Api, Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One API's form of one action."""

    read_request: Callable[[bytes], Prompt]
    write_request: Callable[[Prompt], bytes]
    stream: Callable[[], Format]
    whole: Callable[[], Format]
    writer: Callable[[Prompt, Stamp], Writer]


def read_request(api: Api, action: Action, body: bytes) -> Prompt:
    """What a client asks for; a Trouble has the API's own status and words."""
    return _wire(api, action).read_request(body)


def write_request(api: Api, action: Action, prompt: Prompt) -> bytes:
    """The body that asks this API for it."""
    return _wire(api, action).write_request(prompt)


def answer_reader(api: Api, action: Action, content_type: str) -> Reader:
    """Reads a 2xx answer; its media type says whether it is a stream or one body."""
    wire = _wire(api, action)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        return Reader(Events(), wire.stream())
    if kind == "application/x-ndjson" and api == "ollama":
        return Reader(Lines(), wire.stream())
    return Reader(Whole(), wire.whole())


def answer_writer(api: Api, action: Action, prompt: Prompt, stamp: Stamp) -> Writer:
    """Writes the answer to this Prompt, streamed or whole as it asks."""
    return _wire(api, action).writer(prompt, stamp)


def _wire(api: Api, action: Action) -> Wire:
    if wire := WIRES.get((api, action)):
        return wire
    raise Unsupported(f"{api} has no {action}", hint="use the Ollama API for it")


def _ollama_writer(prompt: Prompt, stamp: Stamp, *, chat: bool) -> Writer:
    streamed = prompt.stream and not ollama_request.only_loads(prompt)
    return OllamaLines(stamp, chat=chat) if streamed else OllamaWhole(stamp, chat=chat)


def _openai_writer(prompt: Prompt, stamp: Stamp, *, chat: bool) -> Writer:
    if not prompt.stream:
        return OpenAiObject(stamp, chat=chat)
    return OpenAiEvents(stamp, chat=chat, usage=openai_request.wants_usage(prompt))


def _openai_vectors(prompt: Prompt, stamp: Stamp) -> Writer:
    return OpenAiVectors(stamp, base64=prompt.extra.get("encoding_format") == "base64")


WIRES: Mapping[Key, Wire] = {
    ("ollama", "chat"): Wire(
        read_request=ollama_request.read_chat,
        write_request=ollama_request.write_request,
        stream=OllamaAnswer,
        whole=OllamaAnswer,
        writer=lambda prompt, stamp: _ollama_writer(prompt, stamp, chat=True),
    ),
    ("ollama", "generate"): Wire(
        read_request=ollama_request.read_generate,
        write_request=ollama_request.write_request,
        stream=OllamaAnswer,
        whole=OllamaAnswer,
        writer=lambda prompt, stamp: _ollama_writer(prompt, stamp, chat=False),
    ),
    ("ollama", "embed"): Wire(
        read_request=ollama_request.read_embed,
        write_request=ollama_request.write_request,
        stream=OllamaEmbedding,
        whole=OllamaEmbedding,
        writer=lambda _prompt, stamp: OllamaEmbed(stamp, one=False),
    ),
    ("ollama", "embeddings"): Wire(
        read_request=ollama_request.read_embeddings,
        write_request=ollama_request.write_embeddings,
        stream=OllamaEmbedding,
        whole=OllamaEmbedding,
        writer=lambda _prompt, stamp: OllamaEmbed(stamp, one=True),
    ),
    ("openai", "chat"): Wire(
        read_request=openai_request.read_chat,
        write_request=openai_request.write_request,
        stream=OpenAiAnswer,
        whole=OpenAiWhole,
        writer=lambda prompt, stamp: _openai_writer(prompt, stamp, chat=True),
    ),
    ("openai", "generate"): Wire(
        read_request=openai_request.read_completion,
        write_request=openai_request.write_request,
        stream=OpenAiAnswer,
        whole=OpenAiWhole,
        writer=lambda prompt, stamp: _openai_writer(prompt, stamp, chat=False),
    ),
    ("openai", "embed"): Wire(
        read_request=openai_request.read_embedding,
        write_request=openai_request.write_request,
        stream=OpenAiEmbedding,
        whole=OpenAiEmbedding,
        writer=_openai_vectors,
    ),
    ("anthropic", "chat"): Wire(
        read_request=anthropic_request.read_chat,
        write_request=anthropic_request.write_request,
        stream=AnthropicAnswer,
        whole=AnthropicWhole,
        writer=lambda prompt, stamp: AnthropicEvents(stamp) if prompt.stream else AnthropicObject(stamp),
    ),
}
