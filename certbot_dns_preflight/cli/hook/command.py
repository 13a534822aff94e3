"""`dns-preflight hook`: between an ACME client and the hook that writes its records.

Runs the user's command as certbot would, and after the last challenge of the order waits until all
its records are visible. Values chosen by a CA or a client reach that command only in the
environment.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.challenge import InvalidDomainError, make_challenge
from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.cli import output_files, wait_display
from certbot_dns_preflight.cli.challenges import ChallengeList
from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.cli.hook import user_command
from certbot_dns_preflight.cli.hook.order import HookCall, Order, StateError
from certbot_dns_preflight.cli.inputs import load_inputs, read_settings, request
from certbot_dns_preflight.cli.parser import add_common_options
from certbot_dns_preflight.cli.terminal import page
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.wait_log import WaitLog
from certbot_dns_preflight.report.words import listing
from certbot_dns_preflight.run import waiting
from certbot_dns_preflight.settings import OnFailure

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from certbot_dns_preflight.cli.parser import Parser
    from certbot_dns_preflight.settings import Settings

_EXAMPLES = """\
examples:
  certbot certonly --manual --preferred-challenges dns \\
    --manual-auth-hook 'dns-preflight hook --exec ./add-txt' \\
    --manual-cleanup-hook ./remove-txt -d example.com -d '*.example.com'
  CERTBOT_DOMAIN=example.com CERTBOT_VALIDATION=VALUE dns-preflight hook

certbot goes on to the CA even when a hook fails; with `--authenticator
dns-preflight` it does not, and needs no `hook`. Other clients do stop."""

_MOST_LISTED = 4
_MOST_DIGITS = 9


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the subcommand."""
    parser.description = (
        "Run a hook that writes the record, and after the last challenge wait for "
        "all\nrecords of the order. Reads what certbot sets: CERTBOT_DOMAIN,\n"
        "CERTBOT_VALIDATION, CERTBOT_REMAINING_CHALLENGES and CERTBOT_ALL_DOMAINS."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--exec", metavar="COMMAND", help="the hook, run by the shell; only wait if left out"
    )
    add_common_options(parser, idle=())
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class _Invocation:
    """What the client says about this challenge."""

    domain: str
    value: str | None
    remaining: int
    names: tuple[str, ...]  # empty if the client does not say

    @property
    def first(self) -> bool:
        return self.remaining == len(self.names) - 1

    @property
    def last(self) -> bool:
        return self.remaining == 0


def run(args: argparse.Namespace) -> Exit:
    """Run the user's hook; at the last challenge wait, and return the exit status."""
    settings = read_settings(args)
    inputs = load_inputs(settings)
    invocation = _read(os.environ)
    output_files.check(settings)
    with output_files.none_if_stopped(
        settings, _domains([HookCall(invocation.domain, invocation.value)])
    ):
        failed = args.exec is not None and not _ran_well(args.exec, invocation.domain)
    now = HookCall(invocation.domain, invocation.value, failed)
    if failed:
        output_files.fail(settings, _domains([now]))
    try:
        calls = Order(",".join(invocation.names)).add(
            now, first=invocation.first, last=invocation.last
        )
    except StateError as error:
        raise MisuseError(f"hook: {error}") from error
    except (OSError, ValueError) as error:
        raise MisuseError(
            f"hook: cannot create a private directory for this order: {printable(str(error))}"
        ) from error
    if not invocation.last:
        return Exit.NOT_READY if failed else Exit.READY
    # Only the client knows which CA it uses; CAA is judged if an option names the CA.
    asked = request(settings) if settings.caa_identity else None
    extras = waiting.Extras(request=asked, inputs=inputs)
    return _conclude(args, settings, calls, invocation.names, extras=extras)


def _read(environment: Mapping[str, str]) -> _Invocation:
    domain = environment.get("CERTBOT_IDENTIFIER") or environment.get("CERTBOT_DOMAIN")
    value = environment.get("CERTBOT_VALIDATION")
    if not domain or not value:
        raise MisuseError(
            "hook: CERTBOT_DOMAIN and CERTBOT_VALIDATION are not set; it is for "
            "--manual-auth-hook, or for whoever sets them"
        )
    listed = environment.get("CERTBOT_ALL_IDENTIFIERS") or environment.get("CERTBOT_ALL_DOMAINS")
    remaining = environment.get("CERTBOT_REMAINING_CHALLENGES")
    if remaining is None:  # a client without orders: this one record
        remaining, listed = "0", domain
    if not (remaining.isascii() and remaining.isdigit() and len(remaining) <= _MOST_DIGITS):
        shown = printable(remaining[:_MOST_DIGITS]) + ("..." if remaining[_MOST_DIGITS:] else "")
        raise MisuseError(
            f"hook: CERTBOT_REMAINING_CHALLENGES is {shown!r}, and no number of challenges"
        )
    if "CERTBOT_TOKEN" in environment:
        value = None  # HTTP-01: nothing to check in the DNS
    else:
        try:
            make_challenge(domain)
        except InvalidDomainError as error:
            raise MisuseError(f"hook: CERTBOT_DOMAIN: {error}") from error
    return _Invocation(domain, value, int(remaining), tuple(listed.split(",")) if listed else ())


def _ran_well(command: str, domain: str) -> bool:
    status = user_command.run(command)
    if status:
        _say(f"--exec for {printable(domain)} reported error code {status}")
    return not status


def _conclude(
    args: argparse.Namespace,
    settings: Settings,
    calls: list[HookCall],
    names: Sequence[str],
    *,
    extras: waiting.Extras,
) -> Exit:
    failed = [printable(call.domain) for call in calls if call.failed]
    if failed:
        output_files.fail(settings, _domains(calls))
        _say(f"not waited for: --exec failed for {', '.join(failed)}")
        return Exit.NOT_READY
    status = _wait(args, settings, calls, extras)
    missing = len(names) - len(calls)
    if missing > 0 and status is Exit.READY:
        seen_names = {call.domain for call in calls}
        which = listing(
            tuple(printable(n) for n in names if n not in seen_names), most=_MOST_LISTED
        )
        _say(
            f"{phrases.count(missing, 'challenge')} of this order never came here, and may not be "
            "ready"
            f"{f' ({which})' if which else ''}; every call of an order must be "
            "to this command, by the same client as the same user"
        )
        status = Exit.INCONCLUSIVE
    if status is not Exit.READY and settings.on_failure is OnFailure.CONTINUE:
        _say("warning: continuing anyway (--on-failure continue)")
        return Exit.READY
    return status


def _domains(calls: Sequence[HookCall]) -> list[str]:
    """Return the domains that have something to check in the DNS."""
    return [make_challenge(call.domain).domain for call in calls if call.value is not None]


def _wait(
    args: argparse.Namespace, settings: Settings, calls: list[HookCall], extras: waiting.Extras
) -> Exit:
    wanted = ChallengeList()
    for call in calls:
        if call.value is not None:
            wanted.name(call.domain, call.value.encode("utf-8", "surrogateescape"))
    if not wanted:
        return Exit.READY
    watch = wait_display.shown(args, wanted.challenges, settings)
    with output_files.none_if_stopped(settings, _domains(calls)), watch or contextlib.nullcontext():
        outcome = waiting.run(wanted.challenges, settings, wait=True, watch=watch, extras=extras)
    if isinstance(watch, WaitLog):
        watch.end(outcome)

    status = output_files.write_report(settings, outcome)
    if outcome.verdict is Verdict.READY:
        time.sleep(settings.settle)
    elif not args.quiet:
        # Standard output belongs to the user's hook: certbot passes it on to the cleanup hook.
        _write(page(outcome, args, stream=sys.stderr))
    return status


def _say(message: str) -> None:
    _write(f"dns-preflight hook: {message}")


def _write(text: str) -> None:
    with contextlib.suppress(OSError):  # the reader has gone: the exit status is what counts
        sys.stderr.write(f"{text}\n")
