"""Alarms: rules, what stands, silences, history, and notices that are retried and never block."""
