"""`dns-preflight delegate`: the CNAME that delegates a challenge's record to another zone."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import dns.exception
import dns.name

from certbot_dns_preflight.challenge import (
    CHALLENGE_LABEL,
    WILDCARD,
    Challenge,
    InvalidDomainError,
    domain_name,
    make_challenge,
)
from certbot_dns_preflight.cli import output_files
from certbot_dns_preflight.cli.exits import Exit, MisuseError, of_verdict
from certbot_dns_preflight.cli.inputs import (
    load_inputs,
    read_settings,
    refuse_resolvers_alone,
    request,
)
from certbot_dns_preflight.cli.parser import Once, add_common_options
from certbot_dns_preflight.cli.terminal import speaks_unicode, wants_colour, width
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.report.delegate import as_json, render
from certbot_dns_preflight.report.delegation_plan import Plan
from certbot_dns_preflight.run import record_location, signals, waiting

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from certbot_dns_preflight.cli.parser import Parser
    from certbot_dns_preflight.settings import Settings

_EXAMPLES = """\
examples:
  dns-preflight delegate example.com --to acme.example.net
  dns-preflight delegate '*.example.com' --to acme.example.net --json
  dns-preflight delegate example.com --to UUID.auth.example.org --exactly"""
_IDLE = (
    "interval",
    "confirmations",
    "settle",
    "ask",
    "on-failure",
    "skip",
    "metrics",
)  # there is no wait


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the subcommand."""
    parser.description = (
        "Print the CNAME record that delegates a challenge name to another zone, check\n"
        "what is there already, and say what else is needed."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("domain", metavar="DOMAIN", help="a name of the certificate")
    parser.add_argument(
        "--to",
        metavar="ZONE",
        action=Once,
        help="the zone that certbot may write into, or a name within it",
    )
    parser.add_argument(
        "--exactly",
        action="store_true",
        help="the record goes to ZONE itself (acme-dns), not to a name of its own below it",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_common_options(parser, idle=_IDLE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Exit:
    """Check both names, print the plan, and return whether all is in order as the exit status."""
    settings = read_settings(args)
    refuse_resolvers_alone(settings, "delegate")
    inputs = load_inputs(settings)
    if args.to is None:
        raise MisuseError("delegate: --to ZONE is missing: the zone that the record may be made in")
    try:
        challenge = make_challenge(args.domain)
    except InvalidDomainError as error:
        raise MisuseError(str(error)) from error
    zone = _zone(args.to)
    target = zone if args.exactly else _below(zone, challenge)
    if target.is_subdomain(challenge.owner):
        raise MisuseError(
            f"--to: {printable(args.to)!r} leads back to {challenge.domain}'s own name"
        )
    output_files.check(settings, pages=False)
    extras = waiting.Extras(request=request(settings), inputs=inputs)
    plan = _look(challenge, target, zone, settings, extras)
    written = json.dumps(as_json(plan), indent=2, allow_nan=False) + "\n"
    status = output_files.write(settings, lambda: written, _nothing, of_verdict(plan.verdict))
    if args.json:
        sys.stdout.write(written)
    elif not args.quiet:
        shown = render(
            plan,
            width=width(sys.stdout),
            colour=wants_colour(args, sys.stdout),
            unicode=speaks_unicode(sys.stdout),
        )
        sys.stdout.write(f"{shown}\n")
    return status


def _zone(text: str) -> dns.name.Name:
    if text.strip().startswith(WILDCARD):
        zone = text.strip().removeprefix(WILDCARD)
        raise MisuseError(
            f"--to: {printable(text)!r} is a wildcard; name the zone itself: {printable(zone)}"
        )
    try:
        if text.lower().removesuffix(".").startswith(f"{CHALLENGE_LABEL.decode()}."):
            parent = domain_name(text.partition(".")[2])
            return dns.name.Name((CHALLENGE_LABEL, *parent.labels))
        return domain_name(text)
    except (InvalidDomainError, dns.exception.DNSException) as error:
        raise MisuseError(
            f"--to: {printable(text)!r} cannot be the zone of the record; use the name of a zone "
            "of yours, such as acme.example.net"
        ) from error


def _below(zone: dns.name.Name, challenge: Challenge) -> dns.name.Name:
    """Return a unique name for the challenge in the zone, in a form that plugins accept."""
    try:
        return dns.name.Name((*challenge.owner.labels[:-1], *zone.labels))
    except dns.exception.DNSException as error:
        raise MisuseError(
            f"--to: {challenge.owner} and the zone together are too long for a name; "
            "give a shorter name within the zone with --exactly"
        ) from error


def _look(
    challenge: Challenge,
    target: dns.name.Name,
    zone: dns.name.Name,
    settings: Settings,
    extras: waiting.Extras,
) -> Plan:
    there = Challenge(zone.to_text(omit_final_dot=True), target, ())
    outcome = waiting.run([challenge, there], settings, wait=False, extras=extras)
    own, other = outcome.challenges
    # The authenticator follows the same path, so a name reported as ready is followed there too.
    places = signals.run(record_location.find([challenge], settings, read=extras.inputs))
    place = places[challenge.owner]
    written_at = None if place.zone is None else place.record
    return Plan(
        challenge.domain, challenge.names, challenge.owner, target, zone, own, other, written_at
    )


def _nothing(_path: Path) -> None:
    """Write no metrics: no record had to be ready."""
