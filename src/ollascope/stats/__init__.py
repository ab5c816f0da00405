"""Statistics without a package of numbers: percentiles, sketches, intervals, tests, changes; pure."""
