"""A paper that does not exist, to test the machinery with."""
