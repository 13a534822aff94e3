"""What makes parts of this project, and is no part of the package that is installed."""
