"""The base class of all errors in this package. Loads fast, since any module may raise one."""

from __future__ import annotations


class PreflightError(Exception):
    """Something this program cannot do or accept; the message is one line, safe to display."""
