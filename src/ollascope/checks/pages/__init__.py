"""What the pages about this installation show: checks, processes, settings, places, packages."""
