"""One set of settings from defaults, a YAML file, the environment and flags, with where each value came from."""
