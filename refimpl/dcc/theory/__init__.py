"""What the numbers should be: gaps, bounds, exact optima, equilibria, kinks."""
