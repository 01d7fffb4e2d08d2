"""Policies: which share of the arrivals every queue gets during the coming epoch."""
