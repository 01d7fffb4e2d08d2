"""Learning: settings, collection of experience, learners."""
