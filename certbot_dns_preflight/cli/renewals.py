"""`dns-preflight renewals`: can the next renewal of each certificate pass? Creates no records."""

from __future__ import annotations

import datetime as dt
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight import settings
from certbot_dns_preflight.cli import output_files
from certbot_dns_preflight.cli.exits import Exit, MisuseError, of_verdict
from certbot_dns_preflight.cli.formats import Format, add_format_options, chosen
from certbot_dns_preflight.cli.idn import spoken_of
from certbot_dns_preflight.cli.inputs import load_inputs, read_settings
from certbot_dns_preflight.cli.parser import add_common_options
from certbot_dns_preflight.cli.terminal import speaks_unicode, wants_colour, width
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.renewals import config_dir, map_coverage
from certbot_dns_preflight.renewals.lineages import (
    Check,
    Obstacle,
    Problem,
    Renewal,
    Trouble,
    worst_first,
)
from certbot_dns_preflight.report import (
    html_report,
    lineage_outputs,
    nagios,
    renewals_json,
    report_file,
)
from certbot_dns_preflight.report import renewals as report
from certbot_dns_preflight.report.metrics.record import record_renewals, record_unread_renewals
from certbot_dns_preflight.report.nagios import State
from certbot_dns_preflight.resolve.cache import DelegationCache
from certbot_dns_preflight.run import waiting

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from certbot_dns_preflight.caa.policy import IssuanceRequest
    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.cli.parser import Parser
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.renewals.lineages import Lineage

_DEFAULT_DIRECTORY = "/etc/letsencrypt"
_DENIED = "Run this as root, or as a user who may read it."
_IDLE = ("on-failure", "interval", "settle")  # there is no wait
_EXAMPLES = """\
examples:
  dns-preflight renewals                          one line each, worst first
  dns-preflight renewals --cert-name example.com  all about one certificate
  dns-preflight renewals --within 30              only those that are due soon"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the subcommand."""
    parser.description = (
        "Check, without creating a record, whether the next DNS-01 renewal of each\n"
        "certificate in a certbot configuration directory can succeed."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--config-dir",
        metavar="DIR",
        default=_DEFAULT_DIRECTORY,
        help=f"certbot's configuration directory. Default: {_DEFAULT_DIRECTORY}.",
    )
    parser.add_argument(
        "--cert-name",
        metavar="NAME",
        action="append",
        default=[],
        help="only this one, in detail; repeatable",
    )
    parser.add_argument(
        "--within", metavar="DAYS", help="only certificates that expire within so many days"
    )
    add_format_options(parser, each="each certificate's JSON object, worst first")
    parser.add_argument(
        "--failing-only", action="store_true", help="print nothing about renewals that can succeed"
    )
    add_common_options(parser, idle=_IDLE)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, print, and return the exit status of the verdict."""
    form = chosen(args)
    ours = read_settings(args)
    load_inputs(ours)
    within = _days(args.within)
    output_files.check(ours)
    started, begun = dt.datetime.now(dt.UTC), time.monotonic()
    directory = Path(args.config_dir).absolute()
    texts = {option.name: getattr(args, option.field, None) for option in settings.OPTIONS}
    lineages: tuple[Lineage, ...] = ()
    problem: Problem | None = None
    try:
        lineages = config_dir.read(directory, texts, only=args.cert_name)
    except config_dir.ConfigDirDeniedError as error:
        problem = Problem(Trouble.DENIED, str(error), Obstacle.PERMISSION, _DENIED)
    except config_dir.ConfigDirError as error:
        raise MisuseError(str(error)) from error
    if within is not None:
        lineages = tuple(each for each in lineages if _ends_within(each, started, within))
    looked_at = _look([_with_outputs(each) for each in lineages if each.concerned])
    check = Check(
        started=started,
        elapsed=time.monotonic() - begun,
        directory=directory,
        renewals=worst_first(looked_at),
        others=tuple(each for each in lineages if not each.concerned),
        within=within,
        problem=problem,
    )
    # Before anything is printed: the reader of the output may be gone.
    status = _keep(ours, check, everything=not args.cert_name and within is None)
    _print(args, form, check)
    if form is not Format.NAGIOS:
        return status
    unwritten = status is not of_verdict(check.verdict)  # reported on stderr
    return max(nagios.state_of_renewals(check), State.WARNING if unwritten else State.OK)


def _keep(ours: settings.Settings, check: Check, *, everything: bool) -> Exit:
    def record(path: Path) -> None:
        if check.problem is not None:
            record_unread_renewals(path)
        else:
            record_renewals(path, check.renewals, all_of_them=everything)

    def text() -> str:
        if report_file.is_html(ours.report):
            return html_report.render_renewals(check, report.answer(check))
        return renewals_json.render(check)

    return output_files.write(ours, text, record, of_verdict(check.verdict))


def _days(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):  # noqa: PLR2004 - far enough
        raise MisuseError(f"--within: {printable(text)!r} is not a whole number of days")
    return int(text)


def _ends_within(lineage: Lineage, now: dt.datetime, days: int) -> bool:
    """Return whether a certificate ends that soon; an unreadable one may."""
    return lineage.not_after is None or lineage.not_after - now <= dt.timedelta(days=days)


def _with_outputs(lineage: Lineage) -> Lineage:
    """Return a lineage, with the problem that its report or metrics cannot be written."""
    problem = lineage_outputs.problem_of(lineage)
    return lineage if problem is None else replace(lineage, problem=problem)


def _look(lineages: Sequence[Lineage]) -> list[Renewal]:
    """Check the names of all lineages, those with the same settings in one run.

    Runs with the same vantage share what their walks learn.
    """
    judged: dict[tuple[object, Challenge], ChallengeOutcome] = {}
    runs: dict[object, Outcome] = {}
    learned: dict[object, DelegationCache] = {}
    for lineage in lineages:
        how = _how(lineage)
        if lineage.problem is not None or how in runs:
            continue
        options, request = how
        asked = dict.fromkeys(_challenges(each for each in lineages if _how(each) == how))
        cache = learned.setdefault(
            (options.root_hints, options.resolver, options.family), DelegationCache()
        )
        extras = waiting.Extras(request=request, cache=cache)
        runs[how] = waiting.run(tuple(asked), options, wait=False, extras=extras)
        for outcome in runs[how].challenges:
            judged[how, outcome.survey.challenge] = outcome
    return [
        Renewal(lineage, None)
        if lineage.problem is not None
        else _judged(
            lineage,
            replace(
                runs[_how(lineage)],
                challenges=tuple(judged[_how(lineage), each] for each in lineage.challenges),
            ),
        )
        for lineage in lineages
    ]


def _judged(lineage: Lineage, outcome: Outcome) -> Renewal:
    """Return a lineage with its outcome, or with what keeps certbot from making its records."""
    problem = map_coverage.problem_of(lineage, outcome)
    if problem is None:
        return Renewal(lineage, outcome)
    return Renewal(replace(lineage, problem=problem), None)


def _how(lineage: Lineage) -> tuple[settings.Settings, IssuanceRequest]:
    """Return what a run depends on besides its names."""
    return lineage.settings, lineage.request


def _challenges(lineages: Iterable[Lineage]) -> Iterable[Challenge]:
    return (each for lineage in lineages for each in lineage.challenges)


def _print(args: argparse.Namespace, form: Format, check: Check) -> None:
    shown = replace(check, renewals=report.failing(check)) if args.failing_only else check
    match form:
        case Format.JSON:
            sys.stdout.write(renewals_json.render(shown))
        case Format.JSONL:
            sys.stdout.write(renewals_json.lines(shown))
        case Format.HTML:
            sys.stdout.write(html_report.render_renewals(shown, report.answer(check)))
        case Format.NAGIOS:
            print(nagios.render_renewals(check, report.answer(check)))  # noqa: T201 - the output
        case Format.TEXT if not args.quiet:
            _print_page(args, check)
        case _:
            pass  # the exit status says it


def _print_page(args: argparse.Namespace, check: Check) -> None:
    unicode = speaks_unicode(sys.stdout)
    written = report.render(
        check,
        width=width(sys.stdout),
        colour=wants_colour(args, sys.stdout),
        unicode=unicode,
        detailed=bool(args.cert_name or args.verbose),
        # A mail or a log has space for everything, and its reader cannot ask for more.
        whole=not sys.stdout.isatty(),
        failing_only=args.failing_only,
        closing=spoken_of(_shown_names(check)) if unicode else None,
    )
    print(written)  # noqa: T201 - the command's output


def _shown_names(check: Check) -> Iterable[str]:
    """Return the names in the output, if they may be domains."""
    for renewal in check.renewals:
        yield renewal.lineage.name
        yield from (each.domain for each in renewal.lineage.challenges)
    yield from (other.name for other in check.others)
