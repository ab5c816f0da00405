"""The embedded engine's library, llama-cpp-python: which build is here, building it safely, and whether it is right."""
