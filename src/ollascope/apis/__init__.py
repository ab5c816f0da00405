"""The wire formats of Ollama, OpenAI and Anthropic: requests, answers, errors and routes, both ways and without I/O."""
