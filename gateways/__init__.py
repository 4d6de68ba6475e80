"""The outside world: one small module per kind of provider, each behind one small interface."""
