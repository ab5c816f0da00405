"""Ollascope runs, watches, measures, tunes and ships local language models."""

__version__ = "0.1.0"
