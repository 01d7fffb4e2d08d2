"""The system: graphs, arrivals, the exact epoch kernel, and simulators."""
