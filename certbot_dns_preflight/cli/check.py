"""`dns-preflight check`: one attempt, or a wait, for the names given, from the shell."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING

from certbot_dns_preflight.cli import output_files
from certbot_dns_preflight.cli.challenges import ChallengeList
from certbot_dns_preflight.cli.exits import Exit, MisuseError
from certbot_dns_preflight.cli.key_authorization import expected_value
from certbot_dns_preflight.cli.line_stream import LineStream
from certbot_dns_preflight.cli.parser import (
    Once,
    add_common_options,
    load_inputs,
    read_settings,
    request,
)
from certbot_dns_preflight.cli.terminal import page
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report import live
from certbot_dns_preflight.report.json_report import challenge_as_json, render
from certbot_dns_preflight.report.progress import Tally
from certbot_dns_preflight.run import waiting

if TYPE_CHECKING:
    import argparse

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.settings import Settings

_EXAMPLES = """\
examples:
  dns-preflight check example.com                   before any record is made
  dns-preflight check example.com --expect VALUE    exit status 0: ready
  dns-preflight check example.com --expect VALUE --wait --timeout 120
  dns-preflight check a.example b.example --expect a.example=VALUE --expect ...
  dns-preflight check --file names.txt --jsonl      one line of JSON a name"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "check",
        help="look whether the record is visible everywhere",
        description="Look whether the TXT record is visible on every authoritative name server.",
        epilog=_EXAMPLES,
    )
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
    parser.add_argument("--wait", action="store_true", help="look until ready, or until --timeout")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the JSON report")
    form.add_argument(
        "--jsonl", action="store_true", help="print each name's JSON object once it is decided"
    )
    add_common_options(parser, idle=("on-failure",))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Exit:
    """Check, print, and tell by the exit status."""
    settings = read_settings(args)
    extras = waiting.Extras(request=request(settings), inputs=load_inputs(settings))
    challenges = _challenges(args)
    output_files.check(settings)
    outcome, status = _look(args, challenges, settings, extras)
    _print(args, outcome)
    return status


def _challenges(args: argparse.Namespace) -> list[Challenge]:
    wanted = ChallengeList()
    for domain in args.domains:
        wanted.name(domain)
    for file in args.file:
        wanted.read(file)
    if not wanted:
        raise MisuseError("check: it takes a DOMAIN, or --file with a list of them")
    for item in args.expect:
        wanted.expect(item)
    if (args.token is None) != (args.account_key is None):
        raise MisuseError("--token and --account-key go together: both make the value")
    if args.token is not None:
        wanted.name(wanted.only("--token"), expected_value(args.token, args.account_key))
    return wanted.challenges


def _look(
    args: argparse.Namespace,
    challenges: list[Challenge],
    settings: Settings,
    extras: waiting.Extras,
) -> tuple[Outcome, Exit]:
    """Look, showing on a terminal how far it is, and leave what a run leaves behind."""
    quiet = args.quiet or args.verbose
    live_view = args.wait and not quiet and not args.json and not args.jsonl
    watch = live.LiveView() if live_view else None
    counted = not live_view and not quiet and not (args.jsonl and sys.stdout.isatty())
    tally = Tally(len(challenges), wanted=counted)
    files_wanted = settings.report is not None or settings.metrics is not None
    stream = LineStream(more=files_wanted) if args.jsonl else None

    def decided(judged: ChallengeOutcome) -> None:
        if stream is not None:
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
                # What a wait has told is not looked at again, so only a stream is told early.
                decided=decided if stream is not None or not args.wait else None,
                extras=extras,
            )
        status = output_files.write_report(settings, outcome)
    if args.wait and outcome.verdict is Verdict.READY:
        time.sleep(settings.settle)
    return outcome, status


def _print(args: argparse.Namespace, outcome: Outcome) -> None:
    if args.json:
        print(render(outcome))  # noqa: T201 - the command's output
    elif not args.quiet and not args.jsonl:
        print(page(outcome, args))  # noqa: T201 - the command's output
