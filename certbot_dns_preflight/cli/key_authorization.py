"""The TXT value for a token and an account key (RFC 8555 §8.1 and §8.4).

Reads the key as certbot stores it (a JWK in JSON) or in PEM; the public key alone is enough.
Messages never contain any part of a key.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli.exits import MisuseError
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from josepy import jwk

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_LARGEST = 65536
_PEM = b"-----BEGIN "


def expected_value(token: str, path: str) -> bytes:
    """Compute the TXT value for a token; raises `MisuseError` with the line to display."""
    if "." in token:
        raise MisuseError(
            "--token: give the token only, the part before the dot of a key authorization"
        )
    if not _TOKEN.fullmatch(token):
        raise MisuseError(
            f"--token: {printable(token)!r} is not a token: use letters, digits, - and _"
        )
    thumbprint = _encoded(_read(path).thumbprint())
    return _encoded(hashlib.sha256(f"{token}.{thumbprint}".encode()).digest()).encode()


def _read(path: str) -> jwk.JWK:
    try:
        # A pipe without a writer reads as empty, instead of blocking.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such file name"
        raise MisuseError(f"--account-key: cannot read {printable(path)}: {reason}") from None
    key = _parse(data) if len(data) <= _LARGEST else None
    if key is None:
        raise MisuseError(
            f"--account-key: {printable(path)} is not an account key; use an RSA or EC key, as a "
            "JWK (certbot's private_key.json) or as unencrypted PEM"
        )
    return key


def _parse(data: bytes) -> jwk.JWK | None:
    from josepy import jwk  # noqa: PLC0415 - slow to load, needed only here

    try:
        if _PEM in data:
            key = jwk.JWK.load(data[data.index(_PEM) :])
        else:
            key = jwk.JWK.json_loads(data.decode())
    except Exception:  # noqa: BLE001 - whatever a parser raises may hold what it was given
        return None
    # josepy takes anything it does not recognise for a symmetric key.
    return key if isinstance(key, (jwk.JWKRSA, jwk.JWKEC)) else None


def _encoded(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
