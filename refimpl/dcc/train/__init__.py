"""Learners and the coordination loop, on many devices at once."""
