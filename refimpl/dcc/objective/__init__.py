"""What is optimised: the local problems, the coordination objective, and their gradients."""
