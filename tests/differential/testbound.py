"""Replay files (`.rpl`) as Unbound's testbound and Deckard read them: what servers say, and what
a resolver must make of it.

Read are the trust anchors, the date, the root's address, the ranges with their entries, and each
question with the answer that is expected. A question that no entry has is answered from all that
the address says anywhere in its range: other programs ask other things on their way.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zonefile
from dns.rdatatype import NS, RRSIG, SOA
from dns.rdtypes.ANY.DS import DS

from tests.differential.faults import refused
from tests.differential.serving import Answering, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dns.name import Name
    from dns.rdatatype import RdataType

_SECTIONS = ("QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL")
_UNJUDGED = frozenset({RRSIG, dns.rdatatype.ANY, dns.rdatatype.DS})
"""Types that have no signature, or are the zone's above: nobody but a walk asks for DS here."""
_RCODES = frozenset(rcode.name for rcode in dns.rcode.Rcode)


class UnreadableError(ValueError):
    """A file holds what is not read here; the message says what."""


@dataclass(slots=True)
class Entry:
    """One message: what must match for it, its flags and rcode, its sections."""

    match: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    sections: dict[str, list[dns.rrset.RRset]] = field(
        default_factory=lambda: {section: [] for section in _SECTIONS}
    )

    @property
    def question(self) -> dns.rrset.RRset:
        """The question."""
        return self.sections["QUESTION"][0]

    @property
    def rcode(self) -> str:
        """The rcode by name."""
        return next(iter(self.flags & _RCODES), "NOERROR")


@dataclass(slots=True)
class Range:
    """What some addresses say from one step to another."""

    first: int
    last: int
    addresses: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """A question that is asked at a step, and the answer that is expected."""

    number: int
    question: dns.rrset.RRset
    answer: Entry

    @property
    def status(self) -> str:
        """What a validator must come to: bogus, secure or, where the file does not say, neither."""
        if self.answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return "bogus"
        return "secure" if "AD" in self.answer.flags else "not bogus"

    def agrees(self, status: str) -> bool:
        """Tell whether a status is what the file expects."""
        return status == self.status or (self.status == "not bogus" and status != "bogus")


@dataclass(slots=True)
class Scenario:
    """One file."""

    anchors: list[tuple[Name, DS]] = field(default_factory=list)
    moment: int | None = None
    roots: list[str] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def read(text: str) -> Scenario:
    """Read a file."""
    head, mark, body = text.partition("CONFIG_END")
    if not mark:
        raise UnreadableError("no CONFIG_END")
    scenario = Scenario()
    _configure(scenario, head)
    lines = [line for raw in body.splitlines() if (line := _bare(raw))]
    pending: list[tuple[int, Entry]] = []
    position = 0
    while position < len(lines):
        words = lines[position].split()
        position += 1
        if words[0] == "RANGE_BEGIN":
            scenario.ranges.append(Range(int(words[1]), int(words[2])))
        elif words[0] == "ADDRESS":
            scenario.ranges[-1].addresses += words[1:]
        elif words[0] == "ENTRY_BEGIN":
            entry, position = _entry(lines, position)
            scenario.ranges[-1].entries.append(entry)
        elif words[0] == "STEP" and words[2] in ("QUERY", "CHECK_ANSWER"):
            if lines[position].split()[0] != "ENTRY_BEGIN":
                raise UnreadableError("a step without an entry")
            entry, position = _entry(lines, position + 1)
            if words[2] == "QUERY":
                pending.append((int(words[1]), entry))
                continue
            scenario.steps += _judged(pending, entry)
    return scenario


def _judged(pending: list[tuple[int, Entry]], answer: Entry) -> Iterator[Step]:
    """Find the question of an answer: several may be pending before the first is looked at."""
    alike = [one for one in pending if one[1].question == answer.question]
    for number, query in (alike or pending)[:1]:
        pending.remove((number, query))
        if "CD" not in query.flags and query.question.rdtype not in _UNJUDGED:
            yield Step(number, query.question, answer)


def _bare(line: str) -> str:
    """Take the comment off: what follows a semicolon outside of quotes."""
    return re.sub(r'^((?:[^;"]|"[^"]*")*);.*$', r"\1", line).strip()


def _configure(scenario: Scenario, head: str) -> None:
    stub = "."  # Deckard says so in a comment alone
    for raw in head.splitlines():
        option, _, rest = raw.strip().partition(":")
        value = re.sub(r"\s+[#;].*$", "", rest).strip().strip('"')
        match option:
            case "trust-anchor":
                scenario.anchors.append(_anchor(value))
            case "val-override-date":
                moment = dt.datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
                scenario.moment = int(moment.timestamp())
            case "val-override-timestamp":
                scenario.moment = int(value)
            case "name":
                stub = value
            case "auth-zone":
                raise UnreadableError("it serves a zone itself")
            case "stub-addr" if stub == ".":
                scenario.roots.append(value.partition("@")[0])
            case "stub-addr" | "forward-addr":
                raise UnreadableError(f"{option} for {stub}")


def _anchor(text: str) -> tuple[Name, DS]:
    try:
        (rrset,) = dns.zonefile.read_rrsets(
            text, default_ttl=3600, rdclass=None, origin=dns.name.root, relativize=False
        )
        found = rrset[0]
        if not isinstance(found, DS):
            found = dns.dnssec.make_ds(rrset.name, found, "SHA256", validating=True)
    except dns.exception.DNSException as error:
        raise UnreadableError(f"{text}: {error}") from error
    return rrset.name, found


def _entry(lines: list[str], position: int) -> tuple[Entry, int]:
    entry = Entry()
    section = ""
    while lines[position] != "ENTRY_END":
        words = lines[position].split()
        position += 1
        if words[0] == "MATCH":
            entry.match |= set(words[1:])
        elif words[0] == "REPLY":
            entry.flags |= {word.upper() for word in words[1:]}
        elif words[0] == "SECTION":
            section = words[1]
        elif words[0] == "ADJUST":
            continue
        elif section == "QUESTION":
            try:
                rdtype = dns.rdatatype.from_text(words[-1])
            except dns.exception.DNSException as error:
                raise UnreadableError(f"{' '.join(words)}: {error}") from error
            entry.sections[section].append(
                dns.rrset.RRset(dns.name.from_text(words[0]), dns.rdataclass.IN, rdtype)
            )
        elif section in _SECTIONS:
            _add(entry.sections[section], words)
        else:
            raise UnreadableError(" ".join(words))
    return entry, position + 1


def _add(section: list[dns.rrset.RRset], words: list[str]) -> None:
    """Add a record: owner, TTL or none, class or none, type, data."""
    owner = dns.name.from_text(words[0])
    rest = words[1:]
    ttl = 3600
    while rest and (rest[0].isdigit() or rest[0] == "IN"):
        ttl = int(rest[0]) if rest[0].isdigit() else ttl
        rest = rest[1:]
    try:
        rdtype = dns.rdatatype.from_text(rest[0])
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN, rdtype, " ".join(rest[1:]), dns.name.root, relativize=False
        )
    except (dns.exception.DNSException, ValueError, IndexError) as error:
        raise UnreadableError(f"{' '.join(words)}: {error}") from error
    covers = rdata.covers()
    for rrset in section:
        if (rrset.name, rrset.rdtype, rrset.covers) == (owner, rdtype, covers):
            rrset.add(rdata)
            return
    made = dns.rrset.RRset(owner, dns.rdataclass.IN, rdtype, covers)
    made.add(rdata, ttl)
    section.append(made)


class Scripted(Answering):
    """Answers as a scenario's ranges say at a step, which `obey` sets."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._step = 0

    def obey(self, order: tuple[object, ...]) -> None:
        """Go to a step, or to another scenario."""
        match order:
            case "step", int(number):
                self._step = number
            case "play", Scenario() as scenario:
                self._scenario = scenario

    def reply(self, wire: bytes, address: str, *, tcp: bool) -> tuple[bytes | None, float]:
        """Answer with the first entry that matches, or from what else the address says."""
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None, 0
        ranges = [one for one in self._scenario.ranges if one.first <= self._step <= one.last]
        here = [one for one in ranges if address in one.addresses or not one.addresses]
        if not any(address in one.addresses for one in self._scenario.ranges):
            return encoded(query, refused(query), tcp=tcp), 0
        entries = [entry for one in here for entry in one.entries]
        for entry in entries:
            if _matches(entry, question.name, question.rdtype):
                return encoded(query, _response(query, entry), tcp=tcp), 0
        made = _from_all(query, entries)
        return (None if made is None else encoded(query, made, tcp=tcp)), 0


def _matches(entry: Entry, name: Name, rdtype: RdataType) -> bool:
    if not entry.sections["QUESTION"]:
        return False
    wanted = entry.question
    if "subdomain" in entry.match:
        named = name.is_subdomain(wanted.name)
    else:
        named = name == wanted.name or not entry.match & {"qname", "question", "all"}
    typed = rdtype == wanted.rdtype or not entry.match & {"qtype", "question", "all"}
    return named and typed


def _response(query: dns.message.Message, entry: Entry) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.from_text(entry.rcode))
    if "AA" in entry.flags or _is_final(entry, query.question[0].name):
        response.flags |= dns.flags.AA
    if "TC" in entry.flags:
        response.flags |= dns.flags.TC
    response.answer = list(entry.sections["ANSWER"])
    response.authority = list(entry.sections["AUTHORITY"])
    response.additional = list(entry.sections["ADDITIONAL"])
    return response


def _is_final(entry: Entry, name: Name) -> bool:
    """Tell whether it answers: these files leave AA out, and their reader does not mind."""
    if entry.sections["ANSWER"]:
        return True
    referral = any(
        rrset.rdtype == NS and name.is_subdomain(rrset.name)
        for rrset in entry.sections["AUTHORITY"]
    )
    return not referral and any(rrset.rdtype == SOA for rrset in entry.sections["AUTHORITY"])


def _from_all(query: dns.message.Message, entries: list[Entry]) -> dns.message.Message | None:
    """Answer from every RRset that the address shows somewhere, or refer, or say nothing."""
    question = query.question[0]
    response = dns.message.make_response(query)
    known: dict[tuple[Name, RdataType, RdataType], dns.rrset.RRset] = {}
    for entry in entries:
        for section in _SECTIONS[1:]:
            for rrset in entry.sections[section]:
                known.setdefault((rrset.name, rrset.rdtype, rrset.covers), rrset)
    none = dns.rdatatype.NONE
    wanted = [
        known.get((question.name, question.rdtype, none)),
        known.get((question.name, RRSIG, question.rdtype)),
    ]
    if wanted[0] is not None:
        response.flags |= dns.flags.AA
        response.answer = [rrset for rrset in wanted if rrset is not None]
        return response
    for entry in entries:
        for rrset in entry.sections["AUTHORITY"]:
            is_cut = rrset.rdtype == NS and not _is_final(entry, entry.question.name)
            if is_cut and question.name.is_subdomain(rrset.name):
                return _response(query, entry)
    return None
