"""What an Ollama does without saying so: prompts cut, formats not kept, models loaded anew."""
