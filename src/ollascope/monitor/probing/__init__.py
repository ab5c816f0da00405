"""Known questions, asked again and again: does the server answer, and is the answer still the same."""
