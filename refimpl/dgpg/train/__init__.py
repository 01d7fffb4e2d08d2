"""Learning: settings, networks, the collection of experience and the update."""
