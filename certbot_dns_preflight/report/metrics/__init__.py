"""Prometheus metrics of a run: what is counted, how it is written, and where it is kept."""
