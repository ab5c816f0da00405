"""What templates that come with a model's file may do, and how much of it."""

from ollascope.serve.llamacpp.speech.sandbox.bounds import Bounds
from ollascope.serve.llamacpp.speech.sandbox.environment import Sandbox

__all__ = ["Bounds", "Sandbox"]
