"""What exists, by subject; ``models`` is the door to all of it."""
