"""Signed zones made with BIND's own tools: keys, zone texts, DS lines; also wrongly on purpose."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from tests.lab.processes import program

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

ED25519, ECDSA, RSASHA256 = "ED25519", "ECDSAP256SHA256", "RSASHA256"


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair's files: `stem` without suffix."""

    stem: Path
    ksk: bool

    @property
    def record(self) -> str:
        """The DNSKEY line."""
        lines = self.stem.with_name(self.stem.name + ".key").read_text().splitlines()
        return next(line for line in lines if not line.startswith(";"))

    def ds(self, digest: str = "SHA256") -> str:
        """DS data for the parent."""
        owner, _, _, data = self.record.split(None, 3)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, data)
        made = dns.dnssec.make_ds(
            dns.name.from_text(owner), rdata, digest, policy=dns.dnssec.allow_all_policy
        )
        return made.to_text()


@dataclass(slots=True)
class Signer:
    """Makes keys and signs zones in a directory of its own."""

    directory: Path
    _zones: int = field(default=0)

    def key(self, origin: str, *, ksk: bool = False, algorithm: str = ECDSA) -> Key:
        """Make a key; RSA ones are small, for speed."""
        bits = ["-b", "1024"] if algorithm.startswith("RSA") else []
        flags = ["-f", "KSK"] if ksk else []
        command = ["dnssec-keygen", "-q", "-K", str(self.directory), "-a", algorithm]
        return Key(self.directory / self._run(*command, *bits, *flags, origin).strip(), ksk)

    def pair(self, origin: str, *, algorithm: str = ECDSA) -> tuple[Key, Key]:
        """Make a KSK and a ZSK."""
        return (
            self.key(origin, ksk=True, algorithm=algorithm),
            self.key(origin, algorithm=algorithm),
        )

    def sign(  # noqa: PLR0913 - the tool's options
        self,
        origin: str,
        text: str,
        keys: Sequence[Key],
        *,
        begins: float = -1,
        ends: float = 20,
        published: Iterable[Key] = (),
        nsec3: Sequence[str] = (),
    ) -> str:
        """Sign a zone; `published` keys are in the DNSKEY set and sign nothing.

        `begins` and `ends` are days from now. `nsec3`: more options of dnssec-signzone (`-3 -`,
        `-A`, `-H 5`, `-z`).
        """
        self._zones += 1
        source = self.directory / f"zone-{self._zones}"
        target = self.directory / f"zone-{self._zones}.signed"
        dnskeys = "".join(f"{key.record}\n" for key in (*keys, *published))
        source.write_text(text + dnskeys)
        self._run(
            "dnssec-signzone",
            *("-K", str(self.directory), "-o", origin, "-f", str(target), "-O", "full"),
            *("-s", stamp(begins), "-e", stamp(ends), "-P", "-Q", "-u"),
            *nsec3,
            str(source),
            *(str(key.stem) for key in keys),
        )
        return target.read_text()

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [program(command[0]), *command[1:]],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout


def stamp(days: float) -> str:
    """Write a moment, so many days from now, as the tools take it."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + days * 86400))


def without(signed: str, *, covering: str = "", owner: str = "") -> str:
    """Take lines out of a signed zone: signatures that cover a type, at an owner or anywhere."""
    kept = []
    for line in signed.splitlines():
        fields = line.split()
        is_signature = len(fields) > 4 and fields[3] == "RRSIG" and fields[4] == covering
        if is_signature and owner in ("", fields[0]):
            continue
        kept.append(line)
    return "\n".join(kept) + "\n"
