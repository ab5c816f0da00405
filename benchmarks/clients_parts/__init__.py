"""What `benchmarks/clients.py` is made of."""
