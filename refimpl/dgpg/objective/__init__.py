"""What is optimised: reference state, guidance coefficient, mixed advantage."""
