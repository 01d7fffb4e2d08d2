"""The paper's experiments as resumable jobs that return arrays."""
