"""Alvo's daemon: owns the flows, serves the index, runs what a person approved."""

VERSION = "0.1.0"
