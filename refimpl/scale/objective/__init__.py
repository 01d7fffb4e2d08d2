"""What is optimised: the reward, and the regulariser of the features."""
