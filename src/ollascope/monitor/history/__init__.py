"""History as the dashboard draws it: sums per minute and hour held ready in memory, and the machine beside them."""
