"""llama.cpp through llama-cpp-python: all contact with its C interface, typed at its border."""
