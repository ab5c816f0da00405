"""Load tests: how fast a model server is, and whether that can be believed."""
