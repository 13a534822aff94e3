"""Where a report is read, and so how its options are typed. Pure.

Findings name options as the command takes them ("--timeout"); under certbot the same option is
"--dns-preflight-timeout". What stands in quotation marks was served by somebody and stays.
"""

from __future__ import annotations

import enum
import re

from certbot_dns_preflight.settings import OPTIONS

_OPTION = re.compile(
    r'"[^"]*"|(?<![\w-])--('
    + "|".join(re.escape(option.name) for option in OPTIONS)
    + r")(?![\w-])"
)


class Surface(enum.Enum):
    """What the reader runs; the value is the prefix of its options."""

    COMMAND = "--"
    CERTBOT = "--dns-preflight-"


def as_typed(words: str, surface: Surface) -> str:
    """Write the options in `words` as they are typed on this surface."""
    return _OPTION.sub(
        lambda found: f"{surface.value}{found[1]}" if found[1] else found[0],
        words,
    )
