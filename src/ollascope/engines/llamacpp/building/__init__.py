"""Building llama-cpp-python once for a machine, keeping the wheel for the next time, installing it."""
