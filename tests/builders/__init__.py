"""Test data that needs no network: built by hand (`survey`), or by hypothesis."""
