"""What stands out of its own past: pure judges over the minutes of each model, backend and the machine."""
