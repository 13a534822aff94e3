"""CAA properties, and whether a set of them lets a CA issue (RFC 8659, RFC 8657). Pure.

Decides for one relevant RRset, already found. It deals with neither ancestors and servers
(`resolve.caa`) nor wording (`checks.rules`). If CAs are known to read the RFCs differently, or a
fact about the CA's account is missing, the decision says so.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from certbot_dns_preflight.caa.grammar import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from certbot_dns_preflight.caa.grammar import Value
    from certbot_dns_preflight.facts.caa import Property

_MISREAD_AS_CRITICAL = 0x01
_ISSUE, _ISSUEWILD = b"issue", b"issuewild"
# Tags known to CAs of web server certificates; issuemail (RFC 9495) and issuevmc (known to Boulder
# since 2025-09) do not restrict such certificates.
_KNOWN = frozenset({_ISSUE, _ISSUEWILD, b"iodef", b"issuemail", b"issuevmc"})
# Also registered, but unknown to Boulder.
_LITTLE_KNOWN = frozenset({b"contactemail", b"contactphone"})
_ACCOUNT, _METHODS = b"accounturi", b"validationmethods"
_METHOD_LIST = re.compile(rb"(?:[A-Za-z0-9-]+,)*[A-Za-z0-9-]+|")  # RFC 8657 section 4
# Let's Encrypt's ACMEv1 accounts kept their number, and Boulder accepts both URLs for them.
_OLD_ACCOUNT = re.compile(
    r"https://acme-(?:v01|(?P<staging>staging))\.api\.letsencrypt\.org/acme/reg/(?P<number>[0-9]+)"
)


@dataclass(frozen=True, slots=True)
class IssuanceRequest:
    """Who requests a certificate, from which CA, and how.

    `identities` are the CA's issuer domain names, empty if unknown; `account` is the ACME account's
    URL, None if unknown; `method` is the validation method.
    """

    identities: tuple[str, ...]
    account: str | None = None
    method: str = "dns-01"


class Rejection(enum.StrEnum):
    """Why a property does not authorise."""

    OTHER_ISSUER = "other-issuer"
    NO_ISSUER = "no-issuer"
    MALFORMED = "malformed"
    OTHER_ACCOUNT = "other-account"
    OTHER_METHOD = "other-method"
    DUPLICATE_PARAMETER = "duplicate-parameter"
    UNKNOWN_CRITICAL = "unknown-critical"


class Ambiguity(enum.StrEnum):
    """Why a property cannot be judged from here, mildest first."""

    OLD_ACCOUNT = "old-account"  # the same account's ACMEv1 URL
    ACCOUNT_UNKNOWN = "account-unknown"
    IDENTITY_UNKNOWN = "identity-unknown"
    LETTER_CASE = "letter-case"  # domain names are case-insensitive, but Boulder compares exactly
    HYPHEN = "hyphen"  # allowed in a parameter's tag, but Boulder rejects the record as malformed
    FLAG_ONE = "flag-one"  # reserved by the RFC, but Boulder reads it as the critical bit
    LITTLE_KNOWN = "little-known"  # critical and registered, but unknown to Boulder


@dataclass(frozen=True, slots=True)
class Objection:
    """One property and why it does not authorise; `detail` is safe to display."""

    about: Property
    why: Rejection
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The CA may issue. `by` is the property that permits it, None if nothing restricts."""

    by: Property | None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The CA must not issue. `tag` is the property tag that applies to this kind of name."""

    tag: str
    objections: tuple[Objection, ...]


@dataclass(frozen=True, slots=True)
class Unjudged:
    """It depends on something unknown here; `about` would authorise but for the doubt.

    With `Ambiguity.FLAG_ONE` and `Ambiguity.LITTLE_KNOWN` it is the reverse: `about` may forbid.
    """

    tag: str
    about: Property
    doubt: Ambiguity
    objections: tuple[Objection, ...] = ()


Decision: TypeAlias = Allowed | Forbidden | Unjudged
_MILDEST = tuple(Ambiguity)


def decide(properties: Iterable[Property], request: IssuanceRequest, *, wildcard: bool) -> Decision:
    """Decide whether a relevant RRset lets the CA issue for a (wildcard) domain name."""
    given = sorted(set(properties))
    kinds = {item.kind for item in given}
    # RFC 8659 section 4.3: for wildcards, any issuewild overrides every issue.
    kind = _ISSUEWILD if wildcard and _ISSUEWILD in kinds else _ISSUE
    tag = kind.decode()
    unknown = [item for item in given if item.kind not in _KNOWN]
    critical = [item for item in unknown if item.is_critical]
    forbidding = [item for item in critical if item.kind not in _LITTLE_KNOWN]
    if forbidding:
        return Forbidden(
            tag, tuple(Objection(item, Rejection.UNKNOWN_CRITICAL) for item in forbidding)
        )
    decision = _decide_by([item for item in given if item.kind == kind], tag, request)
    if isinstance(decision, Forbidden):
        return decision
    misread = [item for item in unknown if item.flags & _MISREAD_AS_CRITICAL]
    if critical:
        return Unjudged(tag, critical[0], Ambiguity.LITTLE_KNOWN)
    return Unjudged(tag, misread[0], Ambiguity.FLAG_ONE) if misread else decision


def _decide_by(properties: Sequence[Property], tag: str, request: IssuanceRequest) -> Decision:
    if not properties:
        return Allowed(None)
    objections = []
    doubtful: list[tuple[Property, Ambiguity]] = []
    for item in properties:
        match _judge(item, request):
            case None:
                return Allowed(item)
            case Ambiguity() as doubt:
                doubtful.append((item, doubt))
            case Objection() as objection:
                objections.append(objection)
    if doubtful:
        about, doubt = min(doubtful, key=lambda found: _MILDEST.index(found[1]))
        return Unjudged(tag, about, doubt, tuple(objections))
    return Forbidden(tag, tuple(objections))


def _judge(item: Property, request: IssuanceRequest) -> Objection | Ambiguity | None:
    """Judge one property; return None if it authorises."""
    value = parse(item.value)
    if isinstance(value, str):
        return Objection(item, Rejection.MALFORMED, value)
    if not value.issuer:
        return Objection(item, Rejection.NO_ISSUER)
    issuer = value.issuer.decode("ascii")
    same = [name for name in request.identities if name.lower() == issuer.lower()]
    if request.identities and not same:
        return Objection(item, Rejection.OTHER_ISSUER, issuer)
    doubts: list[Ambiguity] = []
    if not request.identities:
        doubts.append(Ambiguity.IDENTITY_UNKNOWN)
    elif issuer not in same:
        doubts.append(Ambiguity.LETTER_CASE)
    if any(b"-" in tag for tag, _ in value.parameters):
        doubts.append(Ambiguity.HYPHEN)
    for wrong in (_judge_account(item, value, request), _judge_method(item, value, request)):
        if isinstance(wrong, Objection):
            return wrong
        if wrong is not None:
            doubts.append(wrong)
    return max(doubts, key=_MILDEST.index, default=None)


def _judge_account(
    item: Property, value: Value, request: IssuanceRequest
) -> Objection | Ambiguity | None:
    """Compare the account as a string (RFC 8657 section 3); given twice, it never matches."""
    accounts = value.all_of(_ACCOUNT)
    if not accounts:
        return None
    if len(accounts) > 1:
        return Objection(item, Rejection.DUPLICATE_PARAMETER, _ACCOUNT.decode())
    if request.account is None:
        return Ambiguity.ACCOUNT_UNKNOWN
    account = accounts[0].decode("ascii")
    if account == request.account:
        return None
    old = _OLD_ACCOUNT.fullmatch(account)
    if old is not None and request.account == (
        f"https://acme-{'staging-' if old['staging'] else ''}v02.api.letsencrypt.org/acme/acct/"
        f"{old['number']}"
    ):
        return Ambiguity.OLD_ACCOUNT
    return Objection(item, Rejection.OTHER_ACCOUNT, account)


def _judge_method(item: Property, value: Value, request: IssuanceRequest) -> Objection | None:
    """Match a method list exactly (RFC 8657 section 4); Boulder accepts none if given twice."""
    lists = value.all_of(_METHODS)
    if not lists:
        return None
    if len(lists) > 1:
        return Objection(item, Rejection.DUPLICATE_PARAMETER, _METHODS.decode())
    listed = lists[0].decode("ascii")
    if not _METHOD_LIST.fullmatch(lists[0]):
        return Objection(item, Rejection.MALFORMED, "validationmethods is no list of methods")
    if request.method in listed.split(","):
        return None
    return Objection(item, Rejection.OTHER_METHOD, listed)
