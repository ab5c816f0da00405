"""Engines: what answers a Prompt with Chunks, one file or folder each."""
