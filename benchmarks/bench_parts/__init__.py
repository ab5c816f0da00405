"""The parts of the measurement of the load client."""
