"""Whether the tests would notice a mistake: the code with one thing changed, over and over."""
