"""The vocabulary of the scripted models, and what they say after a prompt: a tool of the tests of speech."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ollascope.engines.fake.scripts import SCRIPTS
from ollascope.serve.llamacpp.speech import Speech, Teller
from ollascope.serve.llamacpp.wish import End, Event, Token, Wish
from ollascope.words.chunk import Chunk
from ollascope.words.prompt import Prompt

CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(name for name in SCRIPTS if name))
STORY = [piece for script in SCRIPTS.values() for piece in script] + [b" heads", b" tails"]
FIRST_BYTE, FIRST_PIECE = len(CONTROLS), len(CONTROLS) + 257
IDS = {piece: FIRST_PIECE + number for number, piece in enumerate(STORY)}
END = CONTROLS.index("<|im_end|>")

# The template that the scripted models were recorded with behind Ollama, written in Jinja instead of Go.
KNOWING = (
    "{%- set system = messages | selectattr('role', 'equalto', 'system') | map(attribute='content') | list %}"
    "{%- if system %}{{- '<|im_start|>system\n' + system | join('\n\n') }}"
    "{%- if tools %}{{- '\n\nTools:' }}{%- for t in tools %}{{- '\n' + (t | tojson) }}{%- endfor %}"
    '{{- \'\nA call looks so: <tool_call>\n{"name": <name>, "arguments": <arguments>}\n</tool_call>\' }}{%- endif %}'
    "{{- '<|im_end|>\n' }}{%- endif %}"
    "{%- for m in messages %}{%- if m.role != 'system' %}{{- '<|im_start|>' + m.role + '\n' }}"
    "{%- if m.thinking %}{{- '<think>' + m.thinking + '</think>' }}{%- endif %}{{- m.content }}"
    '{%- for c in m.tool_calls or [] %}{{- \'<tool_call>\n{"name": "\' + c.function.name + \'", "arguments": \' '
    "+ (c.function.arguments | tojson(separators=(',', ':'))) + '}\n</tool_call>' }}{%- endfor %}"
    "{{- '<|im_end|>\n' }}{%- endif %}"
    "{%- if loop.last %}{{- '<|im_start|>assistant\n' + m.content }}{%- endif %}{%- endfor %}"
)
PLAIN = (
    "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' + messages[-1]['content'] }}{%- endif %}"
)


@dataclass(frozen=True)
class Words:
    """Bytes and control words, as the scripted models have them; `shown` marks are text, as in Qwen's files."""

    template: str | None = KNOWING
    context: int = 4096
    bos: str = "<|endoftext|>"
    eos: str = "<|im_end|>"
    begins: bool = False
    marks: tuple[str, ...] = ()

    @property
    def controls(self) -> tuple[str, ...]:
        return (*CONTROLS, *self.marks)

    def tokens(self, text: str, *, special: bool = True, start: bool = False) -> list[int]:
        found = [0] if start and self.begins and not text.startswith(self.bos) else []
        parts = re.split("(" + "|".join(map(re.escape, CONTROLS)) + ")", text) if special else [text]
        for part in parts:
            if special and part in CONTROLS:
                found.append(CONTROLS.index(part))
            else:
                found += [byte + FIRST_BYTE for byte in part.encode("utf-8", "replace")]
        return found

    def data(self, token: int, *, special: bool = False) -> bytes:
        if token >= 100_000:
            return self.marks[token - 100_000].encode() if special else b""
        if token < FIRST_BYTE:
            return CONTROLS[token].encode() if special else b""
        return bytes([token - FIRST_BYTE]) if token < FIRST_BYTE + 256 else STORY[token - FIRST_PIECE]

    def id_of(self, text: str) -> int | None:
        if text in self.marks:
            return 100_000 + self.marks.index(text)
        return CONTROLS.index(text) if text in CONTROLS else None


def token(data: bytes, number: int = 7) -> Token:
    return Token(id=number, data=data)


def end(reason: str = "stop", tokens_out: int = 1, tokens_in: int = 3) -> End:
    return End(
        reason=reason, tokens_in=tokens_in, tokens_cached=1, tokens_out=tokens_out, queue_s=0.5, prefill_s=0.25,
        decode_s=2.0,
    )  # fmt: skip


def said(wish: Wish) -> Iterator[Event]:
    """What a scripted model says after these tokens, and how it ends."""
    last = wish.tokens[-1]
    name = CONTROLS[last] if last < FIRST_BYTE and CONTROLS[last] in SCRIPTS else ""
    story = [*SCRIPTS[name], *([b" heads"] if name == "<|coin|>" else [])]
    most = wish.most or 10_000
    given = 0
    while given < most:
        for piece in story:
            if given == most:
                break
            given += 1
            yield Token(id=IDS[piece], data=piece, logprob=0.0 if wish.logprobs is not None else None)
        if name != "<|loop|>":
            break
    ended = given < most
    yield replace(
        end("stop" if ended else "length", given + ended), tokens_in=len(wish.tokens)
    )  # fmt: skip


def answer(prompt: Prompt, words: Words | None = None) -> list[Chunk]:
    """What the reader of an answer of a scripted model gets."""
    words = words or Words()
    asked = Speech(words).ask(prompt)
    teller = Teller(asked, started=0.0, clock=lambda: 1.0)
    chunks: list[Chunk] = []
    for event in said(asked.wish):
        chunks += teller.take([event])
        if teller.stopped:
            chunks += teller.take([replace(end(), tokens_in=len(asked.wish.tokens))])
        if chunks and chunks[-1].done:
            break
    return chunks
