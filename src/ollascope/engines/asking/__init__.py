"""A question from the command line: what was given, which model answers, the answer as it comes, what is told after."""
