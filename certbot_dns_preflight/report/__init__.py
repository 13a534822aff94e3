"""Words, JSON and a live view of an outcome. Nothing here asks, waits or judges."""
