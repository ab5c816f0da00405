"""From a Prompt to a Wish, and how the answer is to be told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ollascope.apis.body import refuse
from ollascope.apis.errors import unable
from ollascope.serve.llamacpp.speech import options
from ollascope.serve.llamacpp.speech.calls import CALLS, style_of
from ollascope.serve.llamacpp.speech.compose import Composer, thinks_at_once
from ollascope.serve.llamacpp.speech.grammar import Shaped, shape
from ollascope.serve.llamacpp.speech.manner import Manner, Thinking
from ollascope.serve.llamacpp.speech.template import ChatTemplate
from ollascope.serve.llamacpp.wish import Vocabulary, Wish
from ollascope.words.errors import LoadFailed, Trouble
from ollascope.words.prompt import Prompt
from ollascope.words.record import Json

NO_IMAGES: Final = "Multimodal data provided, but model does not support multimodal requests."
CHATML_ENDS: Final = ("<|im_end|>", "<|im_start|>")
MARKS: Final = ("<think>", "</think>", *CALLS)
SCHEMA_WINS: Final = "thinking-left-out"
LOOSE: Final = "format-loose"
IGNORED: Final = "option-ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wished of the model, how its answer is told, and what was done in silence."""

    wish: Wish
    manner: Manner
    flags: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()


class Speech:
    """What one loaded model understands and how it speaks; its parts may be called from any thread."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._template: ChatTemplate | None = None
        self._fault: Trouble | None = None
        try:
            self._template = ChatTemplate(vocabulary.template, bos=vocabulary.bos, eos=vocabulary.eos)
        except LoadFailed as fault:  # the model still makes vectors and goes on with raw texts
            self._fault = fault
        source = self._template.source if self._template else ""
        self._style = style_of(source)
        self._marks = dict(filter(None, map(self._mark, MARKS)))

    @property
    def template(self) -> ChatTemplate:
        """The model's chat template; raises what is wrong with it."""
        if self._template is None:
            assert self._fault is not None
            raise LoadFailed(self._fault.message, hint=self._fault.hint)
        return self._template

    @property
    def tools(self) -> bool:
        """The model can be told of tools."""
        return self._template is not None and self._template.tools

    @property
    def thinks(self) -> bool:
        """The model can be asked to think."""
        return self._template is not None and self._template.thinks

    def ask(self, prompt: Prompt, *, now: datetime | None = None) -> Asked:
        """The wish; takes milliseconds where the conversation is long, so not on a loop that serves others."""
        self._refuse(prompt)
        shaped = shape(prompt.format) if prompt.format else None
        tools = [] if prompt.extra.get("tool_choice") == "none" else [dict(tool) for tool in prompt.tools]
        composed = Composer(
            prompt=prompt,
            vocabulary=self._vocabulary,
            template=lambda: self.template,
            tools=tools,
            think=False if shaped else prompt.think,
            plain=shaped is not None or prompt.think is False,
            now=now,
        ).compose()
        ignored, loose = options.ignored(prompt), shaped.loose if shaped else ()
        done = [
            *composed.flags,
            IGNORED * bool(ignored),
            LOOSE * bool(loose),
            SCHEMA_WINS * bool(shaped and prompt.think),
        ]
        return Asked(
            wish=_wish(prompt, composed.tokens, shaped),
            manner=self._manner(prompt, tools, composed.text, shaped=shaped is not None),
            flags=tuple(filter(None, done)),
            ignored=ignored,
            loose=loose,
        )

    def _refuse(self, prompt: Prompt) -> None:
        """What this model cannot do, in Ollama's words."""
        if prompt.extra.get("suffix"):
            raise unable(prompt.model, "insert")
        if prompt.tools and not self.tools:
            raise unable(prompt.model, "tools")
        if prompt.think and not self.thinks:
            raise unable(prompt.model, "thinking")
        if prompt.extra.get("images") or any(message.images for message in prompt.messages):
            raise refuse(NO_IMAGES)

    def _manner(self, prompt: Prompt, tools: list[dict[str, Json]], text: str, *, shaped: bool) -> Manner:
        raw = prompt.extra.get("raw") is True
        stops = options.stops(prompt)
        if prompt.operation == "chat" and not self.template.given:
            stops = (*stops, *CHATML_ENDS)
        thinking: Thinking = "raw"
        if self.thinks and not shaped and not raw:
            thinking = "drop" if prompt.think is False else "split"
        offered = frozenset(
            str(function.get("name")) for tool in tools if isinstance(function := tool.get("function"), dict)
        )
        return Manner(
            stop=stops,
            thinking=thinking,
            begun=thinking != "raw" and thinks_at_once(text),
            tools=offered if not shaped else frozenset(),
            style=self._style,
            marks=self._marks if thinking != "raw" or offered else {},
            logprobs=prompt.logprobs is not None,
            context=prompt.operation == "generate" and not raw,
        )

    def _mark(self, text: str) -> tuple[int, bytes] | None:
        """A mark that is a token of its own, which llama.cpp does not show as text."""
        token = self._vocabulary.id_of(text)
        return None if token is None or self._vocabulary.data(token) else (token, text.encode())


def _wish(prompt: Prompt, tokens: list[int], shaped: Shaped | None) -> Wish:
    ignores_end = prompt.extra.get("ignore_eos") is True or prompt.options.get("ignore_eos") is True
    return Wish(
        tokens=tokens,
        sampling=options.sampling(prompt),
        most=options.most(prompt),
        grammar=shaped.text if shaped else None,
        logprobs=prompt.logprobs,
        ignore_end=ignores_end,
    )
