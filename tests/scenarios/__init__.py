"""What goes wrong out there, and what must not look wrong: one real situation a test."""
