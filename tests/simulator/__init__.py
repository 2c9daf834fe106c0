"""The simulator against the behaviour of ZStack."""
