"""Check one RRset and its signatures: valid until when, or broken in which way. Pure.

Bounded against hostile zones (CVE-2023-50387): for one RRset, it computes with only a few
signatures and a few keys per tag, and never exceeds its time limit. What needs no computing does
not count. It knows neither chains nor servers.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import dns.dnssec
import dns.exception
import dns.name
import dns.node
import dns.rdataset
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.dnssec.keys import KNOWN_ALGORITHMS, by_tag, has_small_exponent
from certbot_dns_preflight.facts.dnssec import Kind
from certbot_dns_preflight.facts.serials import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from dns.rdtypes.ANY.DNSKEY import DNSKEY
    from dns.rdtypes.ANY.RRSIG import RRSIG

_MOST_COMPUTATIONS = 8  # for one RRset
_MOST_KEYS_OF_A_TAG = 4
_MOST_FAILURES = 200  # in one zone
_MOST_FAILURES_IN_ALL = 1000
# The tolerated clock difference: a tenth of the signature's validity, within these bounds. The
# figures are Unbound's (val-sig-skew-min and -max), which CAs' resolvers run with.
_LEAST_SKEW, _MOST_SKEW = 3600, 86400


@dataclass(frozen=True, slots=True)
class Valid:
    """A signature holds until `expiration`. `wildcard` is the owner name that it was made for.

    `begins` is set if it begins only in the future, and `expiration` may be in the past: both by no
    more than the clock difference that validators tolerate.
    """

    expiration: int
    key_tag: int
    wildcard: dns.name.Name | None = None
    begins: int | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """No signature holds. `detail` is fit to be shown."""

    kind: Kind
    detail: str
    moment: int | None = None
    key_tags: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CannotJudge:
    """It cannot be judged here: this host's cryptography lacks something, or it takes too long."""

    detail: str


Checked: TypeAlias = Valid | Broken | CannotJudge


@dataclass(frozen=True, slots=True)
class _Span:
    """A signature's validity period, in seconds since 1970, beyond 2106 as well."""

    inception: int
    expiration: int

    @property
    def skew(self) -> int:
        """How far this host's clock may be outside of it."""
        return min(_MOST_SKEW, max(_LEAST_SKEW, (self.expiration - self.inception) // 10))

    def holds(self, moment: int) -> bool:
        """Return whether a moment lies within."""
        return self.inception <= moment <= self.expiration


def _span(signature: RRSIG, now: int) -> _Span:
    """Read the times as serial numbers near the present (RFC 4034 section 3.1.5)."""
    return _Span(nearest(signature.inception, now), nearest(signature.expiration, now))


class Verifier:
    """Checks RRsets at one moment, each distinct one once; gives up after many failures."""

    def __init__(self, now: int, *, give_up: Callable[[], bool] = lambda: False) -> None:
        """Take the time to judge at, in seconds since 1970; `give_up` says when it takes too long.

        One zone's failures do not count against another, so that a broken zone does not make others
        of the same order suspect.
        """
        self.now = now
        self._give_up = give_up
        self._failures: Counter[dns.name.Name] = Counter()
        self._known: dict[object, Checked] = {}
        # Keyed by identity; the objects are kept, so that no other can take their place in memory.
        self._same: dict[tuple[object, ...], tuple[Checked, object]] = {}
        self._tagged: dict[frozenset[DNSKEY], dict[tuple[int, int], list[DNSKEY]]] = {}

    def check(
        self,
        rrset: dns.rrset.RRset,
        signatures: Iterable[RRSIG],
        keys: Collection[DNSKEY],
        *,
        zone: dns.name.Name,
    ) -> Checked:
        """Check an RRset of a zone against its signatures and the zone's trusted keys."""
        signatures, keys = list(signatures), frozenset(keys)
        # Servers that answer alike are read into the same objects, which need no comparison.
        same = (id(rrset), *map(id, signatures), id(keys), zone)
        if same not in self._same:
            found = self._look_up(rrset, signatures, keys, zone)
            self._same[same] = found, (rrset, signatures, keys)
        return self._same[same][0]

    def _look_up(
        self,
        rrset: dns.rrset.RRset,
        signatures: list[RRSIG],
        keys: frozenset[DNSKEY],
        zone: dns.name.Name,
    ) -> Checked:
        known = (
            rrset.name.canonicalize(),
            rrset.rdtype,
            frozenset(rrset),
            frozenset(signatures),
            keys,
            zone,
        )
        if known not in self._known:
            self._known[known] = self._check(rrset, signatures, keys, zone)
        return self._known[known]

    def _check(
        self,
        rrset: dns.rrset.RRset,
        signatures: list[RRSIG],
        keys: frozenset[DNSKEY],
        zone: dns.name.Name,
    ) -> Checked:
        usable = [
            s
            for s in signatures
            if s.type_covered == rrset.rdtype
            and s.signer == zone
            and s.labels <= _labels(rrset.name)
            and s.algorithm in KNOWN_ALGORITHMS
        ]
        if not usable:
            return Broken(Kind.MISSING, "no signature of this zone covers it")
        # The one that expires last comes first: it decides how long the RRset is valid. Signatures
        # valid only by the tolerance come after those that are fully valid.
        spans = [(signature, _span(signature, self.now)) for signature in usable]
        spans.sort(key=lambda s: (not s[1].holds(self.now), -s[1].expiration, s[0].key_tag))
        broken: list[Broken] = []
        unable: CannotJudge | None = None
        left = _MOST_COMPUTATIONS
        if keys not in self._tagged:
            self._tagged[keys] = by_tag(keys)
        tagged = self._tagged[keys]
        for signature, span in spans:
            candidates = tagged.get((signature.key_tag, signature.algorithm), [])
            unfit = self._unfit(signature, span, candidates)
            if unfit is not None:
                broken.append(unfit)
                continue
            tried = candidates[: min(_MOST_KEYS_OF_A_TAG, left)]
            left -= len(tried)
            if not tried:
                break
            match self._check_one(rrset, signature, span, tried):
                case Valid() as valid:
                    return valid
                case Broken() as reason:
                    broken.append(reason)
                case CannotJudge() as reason:
                    unable = reason
        return unable or min(broken, key=lambda b: _TELLING.index(b.kind))

    def _unfit(
        self, signature: RRSIG, span: _Span, candidates: Collection[DNSKEY]
    ) -> Broken | None:
        """Return why a signature cannot hold, as far as that is clear without computing."""
        tag = signature.key_tag
        if not candidates:
            detail = f"signed with key {tag}, which is not among the zone's trusted keys"
            return Broken(Kind.INVALID, detail, key_tags=(tag,))
        if span.expiration < span.inception:
            detail = f"the signature with key {tag} ends before it begins"
            return Broken(Kind.INVALID, detail, key_tags=(tag,))
        if span.expiration + span.skew < self.now:
            return Broken(Kind.EXPIRED, "expired", span.expiration, (tag,))
        if span.inception - span.skew > self.now:
            return Broken(Kind.NOT_YET_VALID, "not yet valid", span.inception, (tag,))
        return None

    def _check_one(
        self, rrset: dns.rrset.RRset, signature: RRSIG, span: _Span, keys: Collection[DNSKEY]
    ) -> Checked:
        tag = signature.key_tag
        for key in keys:
            unwilling = self._unwilling(signature.signer, key)
            match unwilling or self._verify(rrset, signature, key):
                case True:
                    wildcard = _wildcard(rrset.name, signature)
                    begins = span.inception if span.inception > self.now else None
                    return Valid(span.expiration, tag, wildcard, begins)
                case False:
                    self._failures[signature.signer] += 1
                case CannotJudge() as reason:
                    return reason
        return Broken(Kind.INVALID, f"the signature with key {tag} does not fit", None, (tag,))

    def _unwilling(self, zone: dns.name.Name, key: DNSKEY) -> CannotJudge | None:
        """Return why a computation is not started."""
        failures = self._failures
        if failures[zone] >= _MOST_FAILURES or failures.total() >= _MOST_FAILURES_IN_ALL:
            return CannotJudge("there are too many bad signatures to try them all")
        if self._give_up():
            return CannotJudge("it takes too long to check all signatures")
        if not has_small_exponent(key):
            return CannotJudge("a key has an exponent that takes too long to compute with")
        return None

    def _verify(self, rrset: dns.rrset.RRset, signature: RRSIG, key: DNSKEY) -> bool | CannotJudge:
        keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
            signature.signer: dns.rdataset.from_rdata(0, key)
        }
        try:
            # dnspython would compare times as plain numbers. Comparing with NaN is never true, so
            # that only the computation is left to dnspython.
            dns.dnssec.validate_rrsig(
                rrset, signature, keys, now=math.nan, policy=dns.dnssec.allow_all_policy
            )
        except dns.exception.ValidationFailure:
            return False
        except dns.exception.UnsupportedAlgorithm as error:
            return CannotJudge(_unable(signature.algorithm, error))
        except (ImportError, NotImplementedError) as error:
            return CannotJudge(_unable(signature.algorithm, error))
        except Exception as error:  # noqa: BLE001 - hostile keys, and cryptography's own errors
            if type(error).__name__ == "UnsupportedAlgorithm":
                return CannotJudge(_unable(signature.algorithm, error))
            return False
        return True


# Of several broken signatures, the one to report first.
_TELLING = (Kind.EXPIRED, Kind.NOT_YET_VALID, Kind.INVALID, Kind.MISSING)


def _labels(name: dns.name.Name) -> int:
    """Count labels as RRSIG does (RFC 4034 section 3.1.3): no root, no leading asterisk."""
    return len(name.labels) - 1 - (1 if name.is_wild() else 0)


def _wildcard(owner: dns.name.Name, signature: RRSIG) -> dns.name.Name | None:
    if signature.labels >= _labels(owner):
        return None
    return dns.name.Name((b"*", *owner.labels[-signature.labels - 1 :]))


def _unable(algorithm: int, error: Exception) -> str:
    name = dns.dnssec.algorithm_to_text(algorithm)
    return f"this host's cryptography cannot check {name} signatures ({type(error).__name__})"
