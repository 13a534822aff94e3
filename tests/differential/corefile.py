"""Zone lists as CoreDNS reads them: server blocks with addresses, zone files and templates.

Of each block `bind`, `file`, `template` and `import` are read; a block with anything that answers
otherwise (a forwarder, a resolver) is left out, and plugins that do not answer are ignored. As
there, the block with the longest zone at or above the name answers, and templates come first.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone
from dns.rdatatype import NSEC, RRSIG

from tests.differential.content import Copy, respond
from tests.differential.faults import refused
from tests.differential.serving import PAYLOAD, Answering, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dns.name import Name
    from dns.rdataset import Rdataset
    from dns.rdatatype import RdataType
    from dns.rrset import RRset

_IGNORED = frozenset({"log", "errors", "debug", "transfer", "reload", "any", "cache", "whoami"})
_ENDS = frozenset({"{", "}"})


@dataclass(frozen=True, slots=True)
class Template:
    """Answers made up for some questions: records by section, a rcode, AA or not."""

    rdtype: str
    zones: tuple[str, ...]
    match: tuple[str, ...] = ()
    records: tuple[tuple[str, str], ...] = ()
    rcode: str = "NOERROR"
    authoritative: bool = True


@dataclass(slots=True)
class Block:
    """One server block: for which zones, at which addresses, from which files."""

    source: Path
    zones: tuple[str, ...]
    addresses: list[str] = field(default_factory=list)
    files: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def is_root(self) -> bool:
        """Whether it serves a root zone."""
        return any("." in zones for _, zones in self.files)


class UnreadableError(ValueError):
    """A zone list is not of the form that is read here."""


def read(path: Path, directory: Path) -> list[Block]:
    """Read a zone list, and what it imports; files are relative to `directory`."""
    lines = [_words(line) for line in _whole(path.read_text().splitlines())]
    blocks: list[Block] = []
    rest = iter(line for line in lines if line)
    for words in rest:
        if words[0] == "import":
            blocks += read(directory / words[1], directory)
        elif words[-1] == "{":
            zones = tuple(_zone(word) for word in words[:-1])
            blocks.append(_block(Block(path, zones), rest))
        else:
            raise UnreadableError(f"{path.name}: {' '.join(words)}")
    return blocks


def _whole(lines: list[str]) -> Iterator[str]:
    """Put together what is one quoted string over several lines."""
    pending = ""
    for line in lines:
        pending = f"{pending} {line}" if pending else line
        if pending.partition("#")[0].count('"') % 2 == 0:
            yield pending
            pending = ""
    if pending:
        yield pending


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise UnreadableError(f"{line}: {error}") from error


def _zone(word: str) -> str:
    name = re.sub(r"^dns://|:\d+$", "", word.rstrip(","))
    return name if name.endswith(".") else f"{name}."


def _block(block: Block, rest: Iterator[list[str]]) -> Block:
    for words in rest:
        verb, *arguments = words
        if verb == "}":
            return block
        if words[-1] == "{":
            inner = list(_inner(rest))
            if verb == "template":
                block.templates.append(_template(arguments[:-1], inner, block.zones))
            elif verb not in _IGNORED:
                block.others.append(verb)
        elif verb == "bind":
            block.addresses += arguments
        elif verb == "file":
            zones = tuple(map(_zone, arguments[1:])) or block.zones
            block.files.append((arguments[0], zones))
        elif verb not in _IGNORED:
            block.others.append(verb)
    raise UnreadableError(f"{block.source.name}: a block for {' '.join(block.zones)} does not end")


def _inner(rest: Iterator[list[str]]) -> Iterator[list[str]]:
    depth = 1
    for words in rest:
        depth += (words[-1] == "{") - (words[0] == "}")
        if not depth:
            return
        yield words


def _template(head: list[str], inner: list[list[str]], zones: tuple[str, ...]) -> Template:
    found: dict[str, list[str]] = {}
    for verb, *arguments in inner:
        found.setdefault(verb, []).extend(arguments)
    sections = ("answer", "authority", "additional")
    return Template(
        head[1].upper(),
        tuple(map(_zone, head[2:])) or zones,
        tuple(found.get("match", ())),
        tuple((section, text) for section in sections for text in found.get(section, ())),
        found.get("rcode", ["NOERROR"])[0].upper(),
        authoritative=found.get("authoritative", ["true"])[0] != "false",
    )


class Presigned(Copy):
    """A zone with whatever signatures are in its file."""

    def __init__(self, zone: dns.zone.Zone) -> None:
        assert zone.origin is not None
        super().__init__(zone.origin, ())
        self._made: dict[tuple[Name, RdataType], Rdataset] = {}
        for name, rdataset in zone.iterate_rdatasets():
            if rdataset.rdtype == RRSIG:
                self._made[name, rdataset.covers] = rdataset
            else:
                self.data.setdefault(name, {})[rdataset.rdtype] = rdataset
        signed = any(NSEC in node for node in self.data.values())
        self.signing = "nsec" if signed else "no"

    def _signed(
        self, owner: Name, name: Name, rdtype: RdataType, rdataset: Rdataset
    ) -> list[RRset]:
        del rdataset
        made = self._made.get((owner, rdtype))
        return [] if made is None else [dns.rrset.from_rdata_list(name, made.ttl, list(made))]

    def _nsec(self, owner: Name, name: Name) -> list[RRset]:
        if NSEC not in self.data.get(owner, {}):
            return []
        return [
            self._rrset(owner, name, NSEC),
            *self._signed(owner, name, NSEC, self.data[owner][NSEC]),
        ]


class Listed(Answering):
    """Answers as the blocks say."""

    def __init__(self, blocks: list[Block], directory: Path) -> None:
        self._blocks = blocks
        self._directory = directory
        self._copies: dict[tuple[str, str], Copy | None] = {}
        self._at: dict[str, list[Block]] = {}
        for block in blocks:
            for address in block.addresses:
                self._at.setdefault(_plain(address), []).append(block)

    def obey(self, order: tuple[object, ...]) -> None:
        """Take no orders."""

    def copy(self, file: str, origin: str) -> Copy | None:
        """Read a zone file; None where it is none."""
        if (file, origin) not in self._copies:
            try:
                zone = dns.zone.from_file(
                    str(self._directory / file), origin, relativize=False, check_origin=False
                )
                self._copies[file, origin] = Presigned(zone)
            except (dns.exception.DNSException, OSError, UnicodeError, ValueError):
                self._copies[file, origin] = None
        return self._copies[file, origin]

    def reply(self, wire: bytes, address: str, *, tcp: bool) -> tuple[bytes | None, float]:
        """Answer as the block does that has the longest zone above the name."""
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None, 0
        block = self._block(address, question.name)
        response = refused(query)
        if block is not None:
            response = (
                self._from_template(block, query) or self._from_file(block, query) or response
            )
        return encoded(query, response, tcp=tcp), 0

    def _block(self, address: str, name: Name) -> Block | None:
        found = [
            (len(dns.name.from_text(zone)), -index, block)
            for index, block in enumerate(self._at.get(_plain(address), ()))
            for zone in block.zones
            if name.is_subdomain(dns.name.from_text(zone))
        ]
        return max(found, key=lambda one: one[:2])[2] if found else None

    @staticmethod
    def _from_template(block: Block, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        text = question.name.to_text().lower()
        for one in block.templates:
            if one.rdtype not in ("ANY", dns.rdatatype.to_text(question.rdtype)):
                continue
            if not any(question.name.is_subdomain(dns.name.from_text(zone)) for zone in one.zones):
                continue
            if one.match and not any(re.search(pattern, text) for pattern in one.match):
                continue
            response = dns.message.make_response(query, our_payload=PAYLOAD)
            response.set_rcode(dns.rcode.from_text(one.rcode))
            if one.authoritative:
                response.flags |= dns.flags.AA
            for section, record in one.records:
                name, *rest = record.replace("{{ .Name }}", text).split(None, 4)
                rrset = dns.rrset.from_text(name, int(rest[0]), *rest[1:])
                getattr(response, section).append(rrset)
            return response
        return None

    def _from_file(self, block: Block, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        found = [
            (zone, file)
            for file, zones in block.files
            for zone in zones
            if question.name.is_subdomain(dns.name.from_text(zone))
        ]
        if not found:
            return None
        zone, file = max(found, key=lambda one: len(one[0]))
        copy = self.copy(file, zone)
        if copy is not None:
            return respond(query, copy)
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.SERVFAIL)
        return response


def _plain(address: str) -> str:
    return str(ipaddress.ip_address(address))
