"""A rules file as values, every mistake with its file and line."""
