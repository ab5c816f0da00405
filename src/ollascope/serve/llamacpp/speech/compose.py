"""From a Prompt to the tokens that the model reads, within its context."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ollascope.apis.errors import overflow
from ollascope.serve.llamacpp.speech import goform, options
from ollascope.serve.llamacpp.speech.conversation import Turn, cut, cuts, turns, without_system
from ollascope.serve.llamacpp.speech.template import ChatTemplate
from ollascope.serve.llamacpp.wish import Vocabulary
from ollascope.words.errors import BadUsage
from ollascope.words.prompt import Message, Prompt
from ollascope.words.record import Json

TRUNCATED: Final = "prompt-truncated"
MERGED: Final = "system-merged"
THOUGHT: Final = "</think>\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The tokens of a prompt, and what was done to make them so."""

    tokens: list[int]
    text: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """One prompt on its way to tokens; `think` is what its template is told, `plain` ends a thought it begins."""

    prompt: Prompt
    vocabulary: Vocabulary
    template: Callable[[], ChatTemplate]
    tools: Sequence[dict[str, Json]] = ()
    think: bool | str | None = None
    plain: bool = False
    now: datetime | None = None

    def compose(self) -> Composed:
        """The tokens; raises ContextExceeded where nothing may be left out."""
        if self.prompt.operation == "chat":
            return self._chat()
        return self._fitted_text(self._generate())

    @property
    def _most(self) -> int:
        """The answer needs one token at least."""
        return self.vocabulary.context - 1

    def _chat(self) -> Composed:
        written = turns(self.prompt.messages)
        whole = self._rendered(written)
        if len(whole.tokens) <= self._most:
            return whole
        places = [] if self.prompt.extra.get("truncate") is False else cuts(written)
        found: Composed | None = None
        low, high = 0, len(places)
        while low < high:
            middle = (low + high) // 2
            tried = self._rendered(cut(written, places[middle]))
            if len(tried.tokens) <= self._most:
                found, high = tried, middle
            else:
                low = middle + 1
        if found is None:
            raise overflow(len(whole.tokens), self.vocabulary.context)
        return Composed(tokens=found.tokens, text=found.text, flags=(TRUNCATED, *found.flags))

    def _generate(self) -> Composed:
        prompt, system = self.prompt, self.prompt.extra.get("system")
        text, told = prompt.text or "", system if isinstance(system, str) else ""
        form = prompt.extra.get("template")
        if prompt.extra.get("raw") is True:
            return self._tokenised(text)
        if isinstance(form, str) and form:
            return self._tokenised(goform.fill(form, {"System": told, "Prompt": text}))
        if not self.template().given:
            return self._tokenised(text)
        messages = [Message(role="system", content=told)] if told else []
        return self._rendered(turns([*messages, Message(role="user", content=text)]))

    def _rendered(self, written: Sequence[Turn]) -> Composed:
        try:
            return self._tokenised(self._text(written))
        except BadUsage:
            if not any(turn["role"] == "system" for turn in written):
                raise
            composed = self._tokenised(self._text(without_system(written)))
            return Composed(tokens=composed.tokens, text=composed.text, flags=(MERGED,))

    def _text(self, written: Sequence[Turn]) -> str:
        text = self.template().render(written, tools=self.tools, think=self.think, now=self.now)
        return text + THOUGHT if self.plain and thinks_at_once(text) else text

    def _tokenised(self, text: str) -> Composed:
        return Composed(tokens=self._known() + self._tokens(text), text=text)

    def _tokens(self, text: str) -> list[int]:
        found = self.vocabulary.tokens(text, start=True)
        begins = self.vocabulary.id_of(self.vocabulary.bos) if self.vocabulary.bos and self._known() else None
        return found[1:] if begins is not None and found[:1] == [begins] else found

    def _known(self) -> list[int]:
        """The conversation so far, as an earlier answer told it in `context`."""
        told = self.prompt.extra.get("context") if self.prompt.operation == "generate" else None
        if told is None:
            return []
        if not isinstance(told, list) or not all(type(token) is int and 0 <= token < 2**31 for token in told):
            raise BadUsage(
                "`context` must be a list of tokens", hint="send back what an earlier answer gave, or leave it out"
            )
        return [token for token in told if isinstance(token, int)]

    def _fitted_text(self, composed: Composed) -> Composed:
        """A text that is too long loses its middle, as with Ollama: its first tokens and the later half stay."""
        tokens, context = composed.tokens, self.vocabulary.context
        if len(tokens) <= self._most:
            return composed
        if self.prompt.extra.get("truncate") is False:
            raise overflow(len(tokens), context)
        first = min(options.kept(self.prompt), context // 2)
        later = (context - first) // 2
        return Composed(
            tokens=[*tokens[:first], *tokens[len(tokens) - later :]],
            text=composed.text,
            flags=(TRUNCATED, *composed.flags),
        )


def thinks_at_once(text: str) -> bool:
    """The prompt has begun the model's thoughts for it."""
    return text.rstrip().endswith("<think>")
