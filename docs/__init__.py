"""The documents, and what of them is made from code and other files."""
