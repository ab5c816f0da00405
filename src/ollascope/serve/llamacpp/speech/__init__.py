"""What is said: from a Prompt to a Wish, from tokens to Chunks; templates and text, nothing of llama.cpp."""

from ollascope.serve.llamacpp.speech.ask import Asked, Speech
from ollascope.serve.llamacpp.speech.tell import Teller
from ollascope.serve.llamacpp.speech.template import ChatTemplate

__all__ = ["Asked", "ChatTemplate", "Speech", "Teller"]
