"""The load client: worker processes that send what is due, stamp bytes as they arrive and read them later."""

from ollascope.bench.client.crew import Crew

__all__ = ["Crew"]
