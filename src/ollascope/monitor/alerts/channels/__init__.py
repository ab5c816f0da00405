"""Ways to tell people: one file each, behind one table."""
