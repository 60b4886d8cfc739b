"""Flows over durable state: the table of transitions, the one door, recovery."""
