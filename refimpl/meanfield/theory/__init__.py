"""What the numbers should be: exact chains of small systems, optima, limits, counter-examples."""
