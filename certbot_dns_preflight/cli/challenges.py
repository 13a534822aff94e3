"""Challenges from names and values in arguments and lists.

Decides how a list is parsed and which value belongs to which name. A name given several times, or
both as ``*.`` and without, becomes one challenge that expects all its values, for all its names.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

from certbot_dns_preflight.challenge import Challenge, InvalidDomainError, make_challenge
from certbot_dns_preflight.cli.exits import MisuseError
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST_LINE = 4096
_MOST_NAMES = 100_000
_UNTIL_WRITTEN = 5.0  # seconds until something must write to a pipe
_BYTE_ORDER_MARK = "\ufeff"
_DIGEST = re.compile(rb"[A-Za-z0-9_-]{43}")
_TOKEN_SHAPED = re.compile(rb"[A-Za-z0-9_-]{16,128}")


class ChallengeList:
    """Collects names and values in the order given."""

    def __init__(self) -> None:
        """Start empty."""
        self._values: dict[str, list[bytes]] = {}
        self._names: dict[str, list[str]] = {}

    def __len__(self) -> int:
        """Count the names."""
        return len(self._values)

    @property
    def challenges(self) -> list[Challenge]:
        """One challenge per name, in the order in which the names first appeared."""
        return [
            make_challenge(domain, values, names=self._names[domain])
            for domain, values in self._values.items()
        ]

    @property
    def odd_values(self) -> list[bytes]:
        """The values that no CA expects: a DNS-01 value is 43 characters of base64url."""
        every = (value for values in self._values.values() for value in values)
        return [value for value in every if not _DIGEST.fullmatch(value)]

    def name(self, domain: str, value: bytes | None = None) -> None:
        """Add one name, with a value if there is one; raises `MisuseError`."""
        try:
            challenge = make_challenge(domain)
        except InvalidDomainError as error:
            raise MisuseError(str(error)) from error
        plain = challenge.domain
        if plain not in self._values and len(self._values) >= _MOST_NAMES:
            raise MisuseError(f"more than {_MOST_NAMES} names in one run")
        values = self._values.setdefault(plain, [])
        self._names.setdefault(plain, []).extend(challenge.names)
        if value is not None:
            values.append(value)

    def expect(self, item: str) -> None:
        """Add one ``--expect``: the value of the only name, or ``DOMAIN=VALUE``."""
        head, mark, value = item.partition("=")
        domain = self._known(head) if mark else None
        if domain is None and len(self) == 1 and not _names_another(head, mark):
            (domain,), value = self._values, item
        if domain is None:
            if mark:
                raise MisuseError(f"--expect: {printable(head)!r} is none of the DOMAINs given")
            raise MisuseError(
                f"--expect: {printable(item)!r} names no domain; with several DOMAINs, use "
                "DOMAIN=VALUE"
            )
        if not value:
            raise MisuseError(
                "--expect: the value is empty; give the text that the TXT record must hold"
            )
        self._values[domain].append(os.fsencode(value))

    def only(self, option: str) -> str:
        """Return the only name; raises `MisuseError` that `option` needs exactly one."""
        if len(self) != 1:
            raise MisuseError(f"{option} goes with a single DOMAIN, and there are {len(self)}")
        return next(iter(self._values))

    def read(self, path: str) -> None:
        """Read the lines ``DOMAIN [VALUE]`` of a file, or of standard input for ``-``."""
        shown = "standard input" if path == "-" else printable(path)
        before = len(self)
        try:
            with _opened(path) as stream:
                for number, line in _lines(stream, shown):
                    self._line(line, f"--file: {shown}, line {number}")
        except OSError as error:
            raise MisuseError(f"--file: cannot read {shown}: {error.strerror or error}") from error
        if len(self) == before == 0:
            raise MisuseError(f"--file: {shown} names no domain")

    def _line(self, line: bytes, place: str) -> None:
        try:
            text = line.decode().removeprefix(_BYTE_ORDER_MARK)
        except UnicodeDecodeError:
            raise MisuseError(f"{place}: it is not UTF-8") from None
        fields = _until_comment(text.split())
        if not fields:
            return
        if len(fields) > 2:  # noqa: PLR2004 - a name and a value
            raise MisuseError(f"{place}: expected DOMAIN and at most one VALUE on a line")
        try:
            self.name(fields[0], fields[1].encode() if fields[1:] else None)
        except MisuseError as error:
            raise MisuseError(f"{place}: {error}") from error

    def _known(self, domain: str) -> str | None:
        with contextlib.suppress(InvalidDomainError):
            plain = make_challenge(domain).domain
            return plain if plain in self._values else None
        return None


def hint_about(value: bytes) -> str:
    """Suggest, in one line, what a value that is not a SHA-256 digest may be instead."""
    shown = printable(os.fsdecode(value))
    token, mark, thumbprint = value.partition(b".")
    if mark and _TOKEN_SHAPED.fullmatch(token) and _DIGEST.fullmatch(thumbprint):
        kind = (
            "it looks like a key authorization (token.thumbprint), and the record holds the digest "
            "of that; --token and --account-key compute it"
        )
    elif _TOKEN_SHAPED.fullmatch(value):
        kind = (
            "is it the token? The record holds the digest of the key authorization; --token and "
            "--account-key compute it"
        )
    else:
        kind = "it is looked for as it is"
    return f"{shown!r} is not the 43 characters of base64url that a CA expects; {kind}"


def _names_another(head: str, mark: str) -> bool:
    """Return whether the text before ``=`` is a domain: base64url challenge values have no dot."""
    if not mark or "." not in head:
        return False
    try:
        make_challenge(head)
    except InvalidDomainError:
        return False
    return True


def _until_comment(fields: Sequence[str]) -> list[str]:
    comment = next((i for i, field in enumerate(fields) if field.startswith("#")), len(fields))
    return list(fields[:comment])


def _opened(path: str) -> contextlib.AbstractContextManager[IO[bytes]]:
    if path != "-":
        if Path(path).is_fifo():
            return _opened_pipe(path)
        return open(path, "rb")  # noqa: PTH123 - the caller's `with` closes it
    if sys.stdin is None:  # the parent process closed it
        raise MisuseError("--file: standard input is closed")
    return contextlib.nullcontext(sys.stdin.buffer)


def _opened_pipe(path: str) -> IO[bytes]:
    """Open a pipe once something writes to it, which the reading end alone cannot find out."""
    opened: list[IO[bytes] | OSError] = []

    def wait() -> None:
        try:
            opened.append(open(path, "rb"))  # noqa: PTH123, SIM115 - the caller's `with` closes it
        except OSError as error:
            opened.append(error)

    opening = threading.Thread(target=wait, daemon=True)  # it may wait for ever
    opening.start()
    opening.join(_UNTIL_WRITTEN)
    if not opened:
        raise MisuseError(f"--file: nothing writes to the pipe {printable(path)}")
    if isinstance(opened[0], OSError):
        raise opened[0]
    return opened[0]


def _lines(stream: IO[bytes], shown: str) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines; one without an end (a device) must not fill the memory."""
    number = 0
    while line := stream.readline(_LONGEST_LINE + 1):
        number += 1
        if len(line) > _LONGEST_LINE:
            raise MisuseError(f"--file: {shown}, line {number}: it is too long for a domain name")
        yield number, line
