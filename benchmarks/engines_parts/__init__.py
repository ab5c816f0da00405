"""Parts of the benchmark of the clients."""
