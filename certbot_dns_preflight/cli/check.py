"""`dns-preflight check`: check the given names once, or wait for them, from the shell."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli import output_files, wait_display
from certbot_dns_preflight.cli.challenges import ChallengeList, hint_about
from certbot_dns_preflight.cli.exits import Exit, MisuseError, of_verdict
from certbot_dns_preflight.cli.formats import Format, add_format_options, chosen
from certbot_dns_preflight.cli.inputs import load_inputs, read_settings, request
from certbot_dns_preflight.cli.key_authorization import expected_value
from certbot_dns_preflight.cli.line_stream import LineStream
from certbot_dns_preflight.cli.parser import Once, add_common_options
from certbot_dns_preflight.cli.terminal import hint, page
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import html_report, nagios
from certbot_dns_preflight.report.json_report import challenge_as_json, pieces
from certbot_dns_preflight.report.nagios import State
from certbot_dns_preflight.report.progress import LONG_LIST, Tally
from certbot_dns_preflight.report.wait_log import WaitLog
from certbot_dns_preflight.run import waiting

if TYPE_CHECKING:
    import argparse

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.cli.parser import Parser
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.settings import Settings

_ALLOCATIONS = 20_000
"""New objects after which cycles are looked for; by default these are 700."""

_EXAMPLES = """\
examples:
  dns-preflight check example.com                   before any record is created
  dns-preflight check example.com --expect VALUE    exit status 0: ready
  dns-preflight check example.com --expect VALUE --wait --timeout 120
  dns-preflight check a.example b.example --expect a.example=VALUE --expect ...
  dns-preflight check --file names.txt --jsonl      one line of JSON a name"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the subcommand."""
    parser.description = "Check whether every authoritative name server has the TXT record."
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "domains", metavar="DOMAIN", nargs="*", help="a name of the certificate; *. is accepted"
    )
    parser.add_argument(
        "--file",
        metavar="FILE",
        action="append",
        default=[],
        help="read lines DOMAIN [VALUE]; - is standard input",
    )
    parser.add_argument(
        "--expect",
        metavar="VALUE",
        action="append",
        default=[],
        help="a value that must be there; DOMAIN=VALUE for several",
    )
    parser.add_argument(
        "--token", metavar="TOKEN", action=Once, help="expect what this token gives, with ..."
    )
    parser.add_argument(
        "--account-key",
        metavar="FILE",
        action=Once,
        help="... this account key (certbot's JWK, or PEM)",
    )
    parser.add_argument("--wait", action="store_true", help="wait until ready, or until --timeout")
    add_format_options(parser, each="one JSON object per name")
    parser.add_argument(
        "--failing-only", action="store_true", help="print nothing about names that are ready"
    )
    add_common_options(parser, idle=("on-failure",))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, print, and return the exit status of the verdict."""
    form = chosen(args)
    settings = read_settings(args)
    files_wanted = settings.report is not None or settings.metrics is not None
    extras = waiting.Extras(
        request=request(settings),
        inputs=load_inputs(settings),
        keep=files_wanted or form is not Format.JSONL,
    )
    challenges = _challenges(args)
    output_files.check(settings)
    outcome, status = _look(args, form, challenges, settings, extras)
    _print(args, form, outcome)
    if form is not Format.NAGIOS:
        return status
    unwritten = status is not of_verdict(outcome.verdict)  # reported on stderr
    return max(nagios.state_of(outcome), State.WARNING if unwritten else State.OK)


def _challenges(args: argparse.Namespace) -> list[Challenge]:
    wanted = ChallengeList()
    for domain in args.domains:
        wanted.name(domain)
    for file in args.file:
        wanted.read(file)
    if not wanted:
        raise MisuseError("check: missing DOMAIN (or --file with a list of them)")
    for item in args.expect:
        wanted.expect(item)
    if (args.token is None) != (args.account_key is None):
        raise MisuseError("--token and --account-key go together: both make the value")
    if args.token is not None:
        wanted.name(wanted.only("--token"), expected_value(args.token, args.account_key))
    odd = wanted.odd_values
    if odd and not args.quiet:
        more = f" ({len(odd) - 1} more like it)" if len(odd) > 1 else ""
        hint(f"{hint_about(odd[0])}{more}")
    return wanted.challenges


def _look(
    args: argparse.Namespace,
    form: Format,
    challenges: list[Challenge],
    settings: Settings,
    extras: waiting.Extras,
) -> tuple[Outcome, Exit]:
    """Check, show the progress, and write the output files."""
    quiet = args.quiet or args.verbose
    short = args.wait or len(challenges) < LONG_LIST
    live_view = short and not quiet and form is Format.TEXT
    watch = wait_display.shown(args, challenges, settings, live=live_view, waits=args.wait)
    lines = form is Format.JSONL
    counted = not live_view and not quiet and not (lines and sys.stdout.isatty())
    tally = Tally(len(challenges), wanted=counted)
    stream = LineStream(more=extras.keep) if lines else None
    gc.freeze()  # what is loaded is no garbage; a run leaves few cycles, and looking for them costs
    gc.set_threshold(_ALLOCATIONS)

    def decided(judged: ChallengeOutcome) -> None:
        if stream is not None and not (args.failing_only and judged.verdict is Verdict.READY):
            stream.write(json.dumps(challenge_as_json(judged)))
        tally(judged)

    with stream or contextlib.nullcontext():
        with (
            output_files.none_if_stopped(settings, [each.domain for each in challenges]),
            tally,
            watch or contextlib.nullcontext(),
        ):
            outcome = waiting.run(
                challenges,
                settings,
                wait=args.wait,
                watch=watch,
                # A wait prints each challenge as it is decided; otherwise only a stream needs them.
                decided=decided if stream is not None or not args.wait else None,
                extras=extras,
            )
        if isinstance(watch, WaitLog):
            watch.end(outcome)
        status = output_files.write_report(settings, outcome)
    if args.wait and outcome.verdict is Verdict.READY:
        time.sleep(settings.settle)
    return outcome, status


def _print(args: argparse.Namespace, form: Format, outcome: Outcome) -> None:
    shown = _failing(outcome) if args.failing_only else outcome
    match form:
        case Format.JSON:
            sys.stdout.writelines(pieces(shown))
            print()  # noqa: T201 - the command's output
        case Format.HTML:
            print(html_report.render(shown), end="")  # noqa: T201 - the command's output
        case Format.NAGIOS:
            print(nagios.render(outcome))  # noqa: T201 - the command's output
        case Format.TEXT if not args.quiet:
            ready = len(outcome.challenges) - len(shown.challenges)
            print(page(shown, args, left_out=ready))  # noqa: T201 - the command's output
        case _:
            pass  # lines were printed one by one, or no output was wanted


def _failing(outcome: Outcome) -> Outcome:
    """Drop what is ready, unless everything is: then there is nothing else to show."""
    failing = tuple(c for c in outcome.challenges if c.verdict is not Verdict.READY)
    return replace(outcome, challenges=failing) if failing else outcome
