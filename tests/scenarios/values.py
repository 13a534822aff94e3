"""The values that the scenarios expect and serve."""

from __future__ import annotations

import base64
import hashlib

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"  # noqa: S105  # no secret: RFC 8555 §8.4
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
KEY_AUTHORIZATION = f"{TOKEN}.{THUMBPRINT}"


def digest(text: str) -> str:
    """Make a challenge's value as ACME does (RFC 8555 section 8.4)."""
    made = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


VALUE = digest(KEY_AUTHORIZATION)
OTHER = digest("the wildcard's")
OLD = digest("last month's")
CHALLENGE = f'_acme-challenge TXT "{VALUE}"'
"""The record that is right, relative to the domain."""
