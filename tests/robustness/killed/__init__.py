"""Processes that are killed while they keep since when new versions are pending."""
