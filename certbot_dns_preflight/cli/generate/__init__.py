"""Shell completion and man pages, made from the parser."""
