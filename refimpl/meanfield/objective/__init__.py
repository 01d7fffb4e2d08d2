"""Expected drops as a function of the rule, its gradient, and the descent to the best rule."""
