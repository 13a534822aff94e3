"""How a finding's sentence begins and ends: capital, final dot, and code. Pure."""

from __future__ import annotations

from certbot_dns_preflight.escaping import printable


def capitalised(words: str) -> str:
    """Begin a sentence with a capital letter, unless it begins with a name."""
    first = words.partition(" ")[0]
    return words[:1].upper() + words[1:] if first.isalpha() else words


def with_code(words: str, code: str) -> str:
    """Put a code behind a sentence without its dot; into its last brackets where it has some."""
    return f"{words[:-1]}; {code})" if words.endswith(")") else f"{words} ({code})"


def without_final_dot(words: str) -> str:
    """Leave out the final dot of a sentence."""
    return printable(words).rstrip().removesuffix(".")
