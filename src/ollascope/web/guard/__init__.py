"""Who may look and who may change something: hosts, origins, tokens, password, headers."""
