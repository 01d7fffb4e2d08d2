"""The system: devices, their exact decision processes, congestion, and the joint game."""
