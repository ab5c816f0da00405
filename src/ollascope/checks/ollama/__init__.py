"""The checks of an Ollama: is it there, which version, which models, how many requests at once."""
