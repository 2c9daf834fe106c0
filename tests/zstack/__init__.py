"""The client library held to what ZStack does."""
