"""The parts of the pipe's benchmark: servers and clients of known timing, peers, meters, a module a measurement."""
