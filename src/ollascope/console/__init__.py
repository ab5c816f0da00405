"""What a person sees in a terminal: tables, JSON, error lines; rich on a screen, plain in a pipe."""
