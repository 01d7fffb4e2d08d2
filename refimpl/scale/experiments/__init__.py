"""Jobs of the experiments and how large they are in each profile."""
