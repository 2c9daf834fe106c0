"""Tests of the web configuration file and of the guard that holds requests to it."""
