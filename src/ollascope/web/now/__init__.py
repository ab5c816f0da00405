"""The page Now: is it healthy, what is it doing, how fast, what should I do."""
