"""The model server: one HTTP front with the APIs of Ollama, OpenAI and Anthropic over any source of tokens."""

from ollascope.serve.front import Front
from ollascope.serve.listening import serving
from ollascope.serve.settings import Serve
from ollascope.serve.source import Models, Paced, Piece, Source, Turn
from ollascope.serve.wheel import Wheel

__all__ = ["Front", "Models", "Paced", "Piece", "Serve", "Source", "Turn", "Wheel", "serving"]
