"""Live figures: looked at once for all viewers, sent as server-sent events, or polled."""
