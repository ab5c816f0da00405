"""What the pages of tests are made of: forms read within bounds, runs started and followed, results to show."""
