"""The client library against the behaviour of ZStack."""
