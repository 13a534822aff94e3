"""Servers that mean harm, each in one way: what it costs to ask them is counted and measured."""
