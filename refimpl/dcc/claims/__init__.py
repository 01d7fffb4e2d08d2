"""Ledger of the paper: its statements, each with a check and a negative control."""
