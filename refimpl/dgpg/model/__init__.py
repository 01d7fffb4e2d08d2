"""The system: servers, jobs, arrivals, dispatching, reward, observations."""
