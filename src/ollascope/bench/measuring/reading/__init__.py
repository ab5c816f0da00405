"""The files of a run, read into columns."""
