"""`dns-preflight trace`: the walk to the challenge's name servers, as a tree or as JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from certbot_dns_preflight.challenge import InvalidDomainError, make_challenge
from certbot_dns_preflight.cli import output_files
from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.cli.idn import spoken
from certbot_dns_preflight.cli.inputs import load_inputs, read_settings, refuse_resolvers_alone
from certbot_dns_preflight.cli.parser import add_common_options
from certbot_dns_preflight.cli.terminal import speaks_unicode, wants_colour, width
from certbot_dns_preflight.facts.obstacle import Intercepted, NoEgress
from certbot_dns_preflight.report.trace import render
from certbot_dns_preflight.report.trace_json import as_json
from certbot_dns_preflight.run import signals, trace

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from certbot_dns_preflight.cli.parser import Parser
    from certbot_dns_preflight.facts.trace import Trail

_EXAMPLES = """\
examples:
  dns-preflight trace example.com
  dns-preflight trace www.example.com --family 4
  dns-preflight trace intranet.example --resolver 192.0.2.53 --json"""
_IDLE = (  # there is no wait and no verdict
    *("interval", "confirmations", "settle", "unreachable", "on-failure", "trust-anchor"),
    *("ask", "caa-identity", "skip", "metrics", "color"),
)


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the subcommand."""
    parser.description = (
        "Show the path from the root to the name servers of the challenge name, "
        "what each\nof them answers, and the domain's own addresses."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("domain", metavar="DOMAIN", help="a name of the certificate")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    add_common_options(parser, idle=_IDLE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Exit:
    """Walk, print, and return whether the walk reached its end as the exit status."""
    settings = read_settings(args)
    refuse_resolvers_alone(settings, "trace")
    inputs = load_inputs(settings)
    try:
        asked = make_challenge(args.domain)
    except InvalidDomainError as error:
        raise MisuseError(str(error)) from error
    output_files.check(settings, pages=False)
    trail = signals.run(trace.trace(asked, settings, read=inputs))
    written = json.dumps(as_json(trail), indent=2, allow_nan=False) + "\n"
    status = output_files.write(settings, lambda: written, _nothing, _status(trail))
    if args.json:
        sys.stdout.write(written)
    elif not args.quiet:
        unicode = speaks_unicode(sys.stdout)
        name = spoken(asked.domain) if unicode else None
        page = render(
            trail,
            width=width(sys.stdout),
            colour=wants_colour(args, sys.stdout),
            unicode=unicode,
        )
        sys.stdout.write(f"{page}\n")
        sys.stdout.write(f"{asked.domain} is {name}.\n" if name else "")
    return status


def _nothing(_path: Path) -> None:
    """Write no metrics: a walk is neither ready nor not ready."""


def _status(trail: Trail) -> Exit:
    if isinstance(trail.survey.obstacle, NoEgress | Intercepted):
        return Exit.INCONCLUSIVE
    heard = any(observation.rcode is not None for observation in trail.survey.observations)
    return Exit.READY if trail.survey.obstacle is None and heard else Exit.NOT_READY
