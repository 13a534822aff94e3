"""`dns-preflight check`: one attempt, or a wait, for the names given, from the shell."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from certbot_dns_preflight import rounds
from certbot_dns_preflight.cli.exits import Exit, MisuseError, of_verdict
from certbot_dns_preflight.cli.parser import (
    add_common_options,
    read_settings,
    speaks_unicode,
    wants_colour,
    width,
)
from certbot_dns_preflight.records import Challenge, InvalidDomainError, challenge, printable
from certbot_dns_preflight.report import document, files, live, text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from certbot_dns_preflight.outcome import Outcome

_EXAMPLES = """\
examples:
  dns-preflight check example.com --expect gfj9Xq8kZ2mT4vB7nR1s
  dns-preflight check example.com --expect VALUE --wait --timeout 120
  dns-preflight check example.com www.example.com --json"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "check",
        help="look whether the record is visible everywhere",
        description="Look whether the _acme-challenge TXT record is visible on every "
        "authoritative name server.",
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "domains", metavar="DOMAIN", nargs="+", help="a name of the certificate; *. is accepted"
    )
    parser.add_argument(
        "--expect",
        metavar="VALUE",
        action="append",
        default=[],
        help="a value that must be there; DOMAIN=VALUE where there are several DOMAINs",
    )
    parser.add_argument("--wait", action="store_true", help="look until ready, or until --timeout")
    parser.add_argument("--json", action="store_true", help="print the JSON report")
    add_common_options(parser, without=("on-failure",))
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Exit:
    """Check, print, and tell by the exit status."""
    settings = read_settings(given)
    challenges = _challenges(given.domains, given.expect)
    if settings.report is not None:
        try:
            files.check_writable(settings.report)
        except OSError as error:
            raise MisuseError(f"--report: {error}") from error
    watch = live.LiveView() if given.wait and not given.quiet and not given.json else None
    with watch or contextlib.nullcontext():
        outcome = rounds.run(challenges, settings, wait=given.wait, watch=watch)
    _print(given, outcome)
    if settings.report is not None:
        try:
            files.write_atomically(settings.report, document.render(outcome), mode=0o644)
        except OSError as error:
            sys.stderr.write(f"dns-preflight: --report: {error}\n")
            return max(of_verdict(outcome.verdict), Exit.NOT_READY)
    return of_verdict(outcome.verdict)


def _print(given: argparse.Namespace, outcome: Outcome) -> None:
    if given.json:
        print(document.render(outcome))  # noqa: T201 - the command's output
    elif not given.quiet:
        shown = text.render(
            outcome, width=width(), colour=wants_colour(given), unicode=speaks_unicode()
        )
        print(shown.rstrip("\n"))  # noqa: T201 - the command's output


def _challenges(domains: Sequence[str], expected: Sequence[str]) -> list[Challenge]:
    """Pair domains with expected values; a domain given twice is one challenge."""
    try:
        plain = list(dict.fromkeys(challenge(domain).domain for domain in domains))
        values: dict[str, list[bytes]] = {domain: [] for domain in plain}
        for item in expected:
            domain, value = plain[0], item
            if len(plain) > 1:
                head, mark, value = item.partition("=")
                if not mark:
                    raise MisuseError(
                        f"--expect: {printable(item)!r} names no domain; with several DOMAINs "
                        "it takes DOMAIN=VALUE"
                    )
                domain = challenge(head).domain
                if domain not in values:
                    raise MisuseError(f"--expect: {printable(head)!r} is none of the DOMAINs given")
            if not value:
                raise MisuseError(
                    "--expect: an empty value is not accepted; it takes the text "
                    "that the TXT record must hold"
                )
            values[domain].append(value.encode())
    except InvalidDomainError as error:
        raise MisuseError(str(error)) from error
    return [challenge(domain, values[domain]) for domain in plain]
