"""The words everything else speaks: values, errors, clock, ids, metrics; no I/O, only the standard library."""
