"""After the CA refused all the same: what was seen from here, and what can still explain it. Pure.

Decides which explanations remain, from the CA's own error and from two surveys: the one that found
everything ready, and one made after the refusal. It asks no server and knows no certbot.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.headline import headline
from certbot_dns_preflight.report.sentences import capitalised
from certbot_dns_preflight.report.words import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name

    from certbot_dns_preflight.facts.answers import Endpoint
    from certbot_dns_preflight.facts.outcome import Outcome

_MOST_NAMES = 4
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Refusal:
    """One name that the CA refused: its ACME error code (RFC 8555 §6.7) and what it said."""

    domain: str
    code: str
    detail: str


class Complaint(enum.Enum):
    """What the CA's error says it met."""

    NO_NAME = enum.auto()
    NO_RECORD = enum.auto()
    OTHER_VALUE = enum.auto()
    CAA = enum.auto()
    DNSSEC = enum.auto()
    FAILURE = enum.auto()
    UNKNOWN = enum.auto()


# Let's Encrypt's words, then those of Pebble and other servers; the first that fits decides.
_WORDS = (
    (Complaint.CAA, ("caa",)),
    (Complaint.DNSSEC, ("dnssec", "bogus")),
    (
        Complaint.FAILURE,
        (
            "servfail",
            "refused",
            "timed out",
            "timeout",
            "networking error",
            "server failure at resolver",
        ),
    ),
    (Complaint.NO_NAME, ("nxdomain",)),
    (Complaint.NO_RECORD, ("no txt record",)),
    (Complaint.OTHER_VALUE, ("incorrect txt record", "correct value not found", "did not match")),
)
_CODES = {"caa": Complaint.CAA, "dnssec": Complaint.DNSSEC}

_ANYCAST = (
    "one name server address serves several sites (anycast), and the CA reached one that did not "
    "have the record yet: --dns-preflight-settle gives the others time"
)
_CACHED_ABSENCE = (
    "the CA's resolver had cached an answer from before the record existed (for up to 60 "
    "seconds): try again in a minute"
)
_CACHED_VALUE = (
    "the CA's resolver had cached the value of an earlier attempt (for up to 60 seconds): try "
    "again in a minute"
)
_DNSSEC = "DNSSEC: the CA validates, and a name whose signatures or DS do not verify fails"
_REACH = (
    "this host can reach name servers that the CA cannot: a firewall, geo-blocking, rate "
    "limiting, or lost UDP answers"
)
_PARTS = (
    "another network path: the CA looks from several places, and some of them got another answer"
)
_CAA_RECORDS = (
    "CAA: the closest CAA records at the name or above it must allow this CA (and, where they say "
    "so, this account and dns-01), and every name server must answer CAA queries"
)
_DELEGATION = (
    "the delegation at the registry changed recently, and the CA still uses the old name servers"
)

_MET = {
    Complaint.NO_NAME: "the CA got NXDOMAIN (the name does not exist).",
    Complaint.NO_RECORD: "the CA found no TXT record.",
    Complaint.OTHER_VALUE: "the CA found another value.",
    Complaint.CAA: "the CA stopped at CAA, not at the TXT record.",
    Complaint.DNSSEC: "the CA could not validate DNSSEC.",
    Complaint.FAILURE: "the CA got no usable answer.",
    Complaint.UNKNOWN: "the CA's error does not say what it found.",
}
_EXPLANATIONS = {
    Complaint.NO_NAME: (_ANYCAST, _CACHED_ABSENCE, _DELEGATION),
    Complaint.NO_RECORD: (_ANYCAST, _CACHED_ABSENCE, _DELEGATION),
    Complaint.OTHER_VALUE: (_CACHED_VALUE, _ANYCAST, _DELEGATION),
    Complaint.CAA: (_CAA_RECORDS, _DNSSEC),
    Complaint.DNSSEC: (_DNSSEC,),
    Complaint.FAILURE: (_DNSSEC, _REACH),
    Complaint.UNKNOWN: (_ANYCAST, _CACHED_ABSENCE, _CAA_RECORDS, _DNSSEC),
}


def hint(refusals: Sequence[Refusal], *, before: Outcome | None, now: Outcome | None) -> str:
    """Word what was seen `before` the CA was told and `now`, and what remains to explain it.

    Either outcome is None where there was no such survey. The text has no final line end.
    """
    names = {refusal.domain.lower().removeprefix("*.") for refusal in refusals}
    before = _about(before, names)
    lines = [_before(before)]
    if now is not None:
        lines.append(_now(now, before))
    if _contradicted(before, now):
        return "\n".join(lines)
    for complaint, alike in _grouped(refusals).items():
        lines.append(
            f"{listing(tuple(alike), most=_MOST_NAMES)}: {_MET[complaint]} Possible reasons:"
        )
        secondary = any(_secondary(r) for r in refusals if complaint_of(r) is complaint)
        explanations = (
            (_PARTS, *_EXPLANATIONS[complaint]) if secondary else _EXPLANATIONS[complaint]
        )
        lines.extend(f"  - {explanation}." for explanation in explanations)
    return "\n".join(lines)


def _about(seen: Outcome | None, names: set[str]) -> Outcome | None:
    """Keep of an outcome the challenges of these domains: what ails the others explains nothing."""
    if seen is None:
        return None
    kept = tuple(c for c in seen.challenges if c.survey.challenge.domain in names)
    return dataclasses.replace(seen, challenges=kept) if kept else None


def complaint_of(refusal: Refusal) -> Complaint:
    """Read the CA's error: its code where that is exact, else the words of its detail."""
    code = refusal.code.rpartition(":")[2].lower()
    if code in _CODES:
        return _CODES[code]
    detail = refusal.detail.lower()
    # A name ("caa.example") or a value may hold any of these words: they are not the CA's own.
    detail = detail.replace(refusal.domain.lower().removeprefix("*."), "")
    detail = _QUOTED.sub('""', detail)
    for complaint, words in _WORDS:
        if any(word in detail for word in words):
            return complaint
    return Complaint.UNKNOWN


def _secondary(refusal: Refusal) -> bool:
    return "during secondary validation" in refusal.detail.lower()


def _grouped(refusals: Sequence[Refusal]) -> dict[Complaint, list[str]]:
    groups: dict[Complaint, list[str]] = {}
    for refusal in refusals:
        names = groups.setdefault(complaint_of(refusal), [])
        name = printable(refusal.domain)
        if name not in names:
            names.append(name)
    return groups


def _contradicted(before: Outcome | None, now: Outcome | None) -> bool:
    """Whether what was seen from here explains the refusal: then nothing else needs to."""
    return any(seen is not None and seen.verdict is Verdict.NOT_READY for seen in (now, before))


def _before(seen: Outcome | None) -> str:
    if seen is None:
        return "dns-preflight: the records were not checked before the CA was contacted."
    when = _clock(seen)
    match seen.verdict:
        case Verdict.READY:
            return f"dns-preflight: at {when} {_everywhere(seen)} showed every expected value."
        case Verdict.NOT_READY:
            return (
                f"dns-preflight: at {when} the records were not ready ({_answer(seen)}). The CA "
                "was "
                "asked to validate anyway (--dns-preflight-on-failure continue)."
            )
        case Verdict.INCONCLUSIVE:
            return (
                f"dns-preflight: at {when} this host could not query anything. The CA was asked to "
                "validate anyway (--dns-preflight-on-failure continue)."
            )


def _now(seen: Outcome, before: Outcome | None) -> str:
    """Word the second look beside the first, if there was one that saw anything."""
    earlier = Verdict.INCONCLUSIVE if before is None else before.verdict
    lead = f"{'Checked' if before is None else 'Checked again'} at {_clock(seen)}"
    if seen.verdict is Verdict.INCONCLUSIVE:
        return f"{lead}: this host could not query anything."
    if seen.verdict is Verdict.READY:
        return {
            Verdict.READY: f"{lead}: unchanged.",
            Verdict.NOT_READY: f"{lead}: ready now.",
            Verdict.INCONCLUSIVE: f"{lead}: {_everywhere(seen)} showed every expected value.",
        }[earlier]
    change = {
        Verdict.READY: "no longer ready",
        Verdict.NOT_READY: "still not ready",
        Verdict.INCONCLUSIVE: "not ready",
    }[earlier]
    if before is not None and _answer(seen) == _answer(before):
        return f"{lead}: {change}."
    return f"{lead}: {change}. {capitalised(_answer(seen))}."


def _answer(seen: Outcome) -> str:
    words = headline(seen, others="")
    return (words.partition(": ")[2] or words).removesuffix(".")


def _clock(seen: Outcome) -> str:
    ended = seen.started + dt.timedelta(seconds=seen.elapsed)
    return ended.astimezone(dt.UTC).strftime("%H:%M:%S UTC")


def _everywhere(seen: Outcome) -> str:
    """Count who showed the values, and who was meant to and did not answer."""
    shown: set[tuple[dns.name.Name, Endpoint]] = set()
    silent: set[tuple[dns.name.Name, Endpoint]] = set()
    for challenge in seen.challenges:
        survey = challenge.survey
        for hop in survey.hops[-1:]:
            for observation in hop.observations:
                matches = observation.status is Status.MATCH
                (shown if matches else silent).add((observation.nameserver, observation.endpoint))
    if seen.vantage.asks_resolvers:
        number = phrases.count(len(shown | silent), "resolver")
        return f"{len(shown)} of {number}" if silent - shown else f"each of {number}"
    servers = phrases.count(len({nameserver for nameserver, _ in shown}), "name server")
    if silent - shown:
        return f"{len(shown)} of {phrases.count(len(shown | silent), 'address')} of {servers}"
    every = f"all {phrases.count(len(shown), 'address')}" if len(shown) > 1 else "the address"
    return f"{every} of {servers}" if len(shown) > 1 else f"the only address of {servers}"
