"""The past as it was recorded: stretches of time, the machine over one, the last minutes, day by day."""
