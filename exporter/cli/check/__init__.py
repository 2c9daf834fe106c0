"""The command that tries each step towards the platforms once, with a hint for each failure."""
