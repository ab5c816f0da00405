"""Making models on an Ollama: orders and their progress, the files that go with them, Modelfiles."""
