"""The checks of the machine itself: what it is, what it has, what is free."""
