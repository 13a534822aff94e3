"""Turn an outcome into what certbot does: go on, go on with fewer names, or stop with an error.

Knows certbot's and ACME's types on one side and outcomes on the other; sends no queries. Importing
it loads dnspython, so certbot's start-up must not.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from acme import challenges as acme_challenges
from acme import messages
from certbot import errors
from certbot.display import util as display

from certbot_dns_preflight import challenge
from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome, Verdict
from certbot_dns_preflight.plugin import by_hand, identity
from certbot_dns_preflight.report import atomic_file, ca_refusal, json_report, report_file, text
from certbot_dns_preflight.report.metrics import record
from certbot_dns_preflight.report.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import dns.name
    from certbot.achallenges import AnnotatedChallenge

    from certbot_dns_preflight import settings
    from certbot_dns_preflight.plugin.authenticators import Authenticators
    from certbot_dns_preflight.run.record_location import RecordLocation

logger = logging.getLogger(__name__)

LONGEST_LOGGED_REPORT = 2**18
"""Characters of the JSON report that go into certbot's log."""
_NOT_ASKED = "The CA was not asked to validate, so this does not count as a failed validation."
_ABORTED = (
    f"{_NOT_ASKED} certbot is now removing any records it created, so a TXT query can find them "
    "only while a run is waiting. Run certbot again once this is fixed."
)
_UNTOUCHED = (
    "No record was created and the CA was not asked to validate, so this does not count as a "
    "failed validation."
)
_CONTINUED = "Continuing with the CA anyway (--dns-preflight-on-failure continue)."
_SUBSET = (
    "The CA was not asked to validate. The names that are not ready are left out "
    "(--allow-subset-of-names)."
)


def challenges(
    achalls: Iterable[AnnotatedChallenge], ordered: Iterable[object] = ()
) -> tuple[challenge.Challenge, ...]:
    """Group an order's challenges by owner name: apex and wildcard share one, with two values.

    `ordered` are the certificate's names: a challenge does not say whether it is for a wildcard.
    """
    names: dict[str, list[str]] = {}
    for name in map(str, ordered):
        names.setdefault(name.removeprefix(challenge.WILDCARD), []).append(name)
    values: dict[str, list[bytes]] = {}
    for achall in achalls:
        domain = challenge.make_challenge(identity.of(achall)).domain
        value = achall.validation(achall.account_key)
        values.setdefault(domain, []).append(value.encode("ascii"))
    return tuple(
        challenge.make_challenge(domain, expected, names=names.get(domain, ()))
        for domain, expected in values.items()
    )


def owner(achall: AnnotatedChallenge) -> dns.name.Name:
    """Return the challenge name."""
    return challenge.make_challenge(identity.of(achall)).owner


def united(
    asked: Sequence[challenge.Challenge], places: Mapping[dns.name.Name, RecordLocation]
) -> tuple[challenge.Challenge, ...]:
    """Expect at each name what the whole order puts there, as aliases may share a target."""
    values: dict[dns.name.Name, dict[bytes, None]] = {}
    for one in asked:
        values.setdefault(places[one.owner].record, {}).update(dict.fromkeys(one.expected))
    return tuple(
        dataclasses.replace(
            one,
            expected=tuple(dict.fromkeys((*one.expected, *values[places[one.owner].record]))),
        )
        for one in asked
    )


def aborted(authenticators: Authenticators) -> str:
    """Return what follows from a failure, for records that the authenticators or people made."""
    if authenticators.all_by_hand:
        return f"{_NOT_ASKED} {by_hand.REMOVE}"
    return f"{_ABORTED} {by_hand.REMOVE}" if authenticators.some_by_hand else _ABORTED


def conclude(
    result: Outcome,
    *,
    continue_on_failure: bool,
    allow_subset: bool,
    closing: str | None = _ABORTED,
) -> None:
    """Return if the CA may be told to look; else raise what makes certbot stop or retry.

    `allow_subset`: the order's other names can do without those that are not ready. `closing`
    says what follows from a failure; None if no record was made. Raises `PluginError`, whose
    message is the report, or an `acme.messages.Error` that lists the names.
    """
    if result.verdict is Verdict.READY:
        display.notify(report(result))
        return
    if continue_on_failure:
        logger.warning("%s", report(result, closing=_CONTINUED))
        return
    if not allow_subset:
        raise errors.PluginError(report(result, closing=closing or _UNTOUCHED))
    logger.warning("%s", report(result, closing=_SUBSET))
    raise _rejection(not_ready(result))


def conclude_words(words: str, failed: Sequence[str], *, allow_subset: bool) -> None:
    """Do the same if `words` is all there is to say of the names that `failed`; always raises."""
    if not allow_subset:
        raise errors.PluginError(f"{words}\n{_ABORTED}")
    logger.warning("%s\n%s", words, _SUBSET)
    raise _rejection(failed)


def by_domain(failed: Mapping[str, str]) -> dict[str, str]:
    """Name the domains of failed hooks as challenges name them."""
    return {challenge.make_challenge(name).domain: words for name, words in failed.items()}


def hook_words(failed: Mapping[str, str]) -> str:
    """Return a text on which auth hooks failed; `failed` maps domains to the hooks' output."""
    return "\n".join(f"Not ready: {domain}: {words}" for domain, words in failed.items())


def fault(error: Exception) -> str:
    """Return an unexpected exception as text that is harmless on a terminal."""
    return f"{type(error).__name__}: {ascii(str(error))[1:-1]}"


def report(result: Outcome, closing: str | None = None) -> str:
    """Return the report as text, with `closing` at its end."""
    try:
        return text.render(result, closing=closing, surface=Surface.CERTBOT)
    except errors.SignalExit:
        raise
    except Exception:
        # The facts stand even if wording them fails.
        logger.debug("The outcome cannot be worded", exc_info=True)
        return " ".join((f"dns-preflight: {result.verdict.value}.", closing or "")).strip()


def whole(
    result: Outcome,
    stopped: Sequence[ChallengeOutcome],
    asked: Iterable[challenge.Challenge],
) -> Outcome:
    """Return the report of an order that some of its challenges stopped beforehand.

    It has all of them, in the order asked and with the values that were to be published. For those
    with nothing wrong, the record was not looked at.
    """
    return dataclasses.replace(
        result,
        challenges=tuple(
            dataclasses.replace(
                judged,
                survey=dataclasses.replace(judged.survey, challenge=challenge),
                verdict=judged.verdict if judged in stopped else Verdict.INCONCLUSIVE,
            )
            for judged, challenge in zip(result.challenges, asked, strict=True)
        ),
    )


def write_report(result: Outcome, how: settings.Settings) -> bool:
    """Write the whole outcome to certbot's log, and to the requested files.

    Returns whether the report file has it.
    """
    try:
        return _keep(result, how)
    except errors.SignalExit:
        raise
    except Exception:
        logger.debug("The outcome cannot be kept", exc_info=True)
        logger.warning("dns-preflight: internal error in the report; continuing anyway")
        return False


def _keep(result: Outcome, how: settings.Settings) -> bool:
    is_written = False
    whole = _for_the_log(json_report.render(result))
    logger.debug("The outcome of the preflight:\n%s", whole)
    try:
        if how.report is not None:
            wanted = report_file.content(result, how.report, surface=Surface.CERTBOT)
            atomic_file.write_atomically(how.report, wanted, mode=0o600)
            is_written = True
    except atomic_file.ReportFileError as error:
        # The certificate matters more than the report on it.
        logger.warning("dns-preflight: %s", error)
    try:
        if how.metrics is not None:
            record.record(how.metrics, result)
    except record.MetricsError as error:
        logger.warning("dns-preflight: %s", error)
    return is_written


def _for_the_log(written: str) -> str:
    """Leave out what would fill certbot's log, of which it keeps a thousand runs."""
    if len(written) <= LONGEST_LOGGED_REPORT:
        return written
    left_out = len(written) - LONGEST_LOGGED_REPORT
    return (
        f"{written[:LONGEST_LOGGED_REPORT]}\n(and {left_out} characters more: "
        "--dns-preflight-report keeps all)"
    )


def refusals(failed: Iterable[AnnotatedChallenge]) -> tuple[ca_refusal.Refusal, ...]:
    """Return what the CA said about each failed challenge."""
    return tuple(
        ca_refusal.Refusal(identity.of(achall), achall.error.code or "", achall.error.detail or "")
        for achall in failed
        if isinstance(achall.chall, acme_challenges.DNS01) and achall.error
    )


def not_ready(result: Outcome) -> tuple[str, ...]:
    """Return the domains whose challenge must not be answered."""
    return tuple(
        challenge.survey.challenge.domain
        for challenge in result.challenges
        if challenge.verdict is not Verdict.READY
    )


def failed(result: Outcome) -> tuple[str, ...]:
    """Return the domains that are known to fail; all that are not ready if there is none."""
    known = tuple(
        challenge.survey.challenge.domain
        for challenge in result.challenges
        if challenge.verdict is Verdict.NOT_READY
    )
    return known or not_ready(result)


def _rejection(domains: Sequence[str]) -> messages.Error:
    # Certbot drops the names of the subproblems and orders the rest anew, as it does when a CA
    # rejects names at order creation: the authorizations stay pending, no failure is counted. It
    # compares names as ordered, and the wildcard shares the owner name. Every other way to drop
    # names costs what a failed validation costs (docs/explanation/upstream.md); if this one goes
    # away, the order fails with nothing answered.
    subproblems = tuple(
        messages.Error.with_code(
            "dns",
            detail="dns-preflight: not ready",
            identifier=messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=name),
        )
        for domain in domains
        for name in (domain, f"*.{domain}")
    )
    return messages.Error.with_code(
        "dns",
        detail=f"dns-preflight: not ready: {', '.join(domains)}",
        subproblems=subproblems,
    )
