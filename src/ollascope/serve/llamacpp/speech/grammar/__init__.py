"""Formats: a JSON schema as a grammar of llama.cpp, which an answer cannot leave."""

from ollascope.serve.llamacpp.speech.grammar.schema import Shaped, shape

__all__ = ["Shaped", "shape"]
