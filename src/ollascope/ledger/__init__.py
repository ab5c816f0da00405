"""What was recorded: Calls, Samples and amendments in plain files, one folder a day, and what they add up to."""
