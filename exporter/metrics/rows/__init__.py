"""The families that are made from a snapshot, each one row: a module for what they are about."""
