"""Logs: our own written, kept and searched; the log of an Ollama read into Calls."""
