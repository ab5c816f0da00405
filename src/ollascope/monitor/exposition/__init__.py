"""What Prometheus reads: counters that never fall, made from Calls, and gauges of what the monitor knows."""
