"""Ollama's own API: a client, where its server is, what it did in silence, and which model fits this machine."""
