"""The state of a platform as polls find it, and hints for its errors."""
