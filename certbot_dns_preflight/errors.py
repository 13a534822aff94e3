"""What all errors of this package have in common. Light, as every module may raise one."""

from __future__ import annotations


class PreflightError(Exception):
    """Something that we ourselves cannot do or accept; the message is one line, fit to be shown."""
