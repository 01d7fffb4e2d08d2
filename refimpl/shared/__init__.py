"""What two or more papers use."""
