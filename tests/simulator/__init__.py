"""The simulator held to what ZStack does."""
