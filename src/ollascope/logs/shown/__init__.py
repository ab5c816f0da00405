"""What is shown of logs: the newest lines, page by page, and what many lines add up to."""
