"""The plan of a delegation as a page for a person, and as JSON. Pure.

`delegation_plan` decides what is done and what is to do; only layout is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.delegation_plan import State
from certbot_dns_preflight.report.json_report import own_tool
from certbot_dns_preflight.report.page import INDENT, Page
from certbot_dns_preflight.report.plain_name import plain_name

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.report.delegation_plan import Plan

VERSION = 1
_MARKS = {State.DONE: "done", State.TO_DO: "to do", State.UNKNOWN: "?"}


def render(plan: Plan, *, width: int = 80, colour: bool = False, unicode: bool = False) -> str:
    """Write the plan, without a final line end; the record stands alone on its line."""
    page = Page(width, colour=colour, unicode=unicode)
    page.headline(_headline(plan), plan.verdict)
    if plan.verdict is not Verdict.READY:
        page.blank()
        page.paragraph(f"The record to create in the zone {plan.own_zone}:", INDENT)
        page.blank()
        page.add(plan.record)
    page.blank()
    for step in plan.steps():
        page.labelled(_MARKS[step.state], f"{step.what}: {step.summary}")
        if step.remedy:
            page.labelled("  fix", step.remedy)
    page.blank()
    page.paragraph(
        "Then:" if plan.verdict is not Verdict.READY else "To get the certificate:", INDENT
    )
    page.blank()
    for line in plan.command:
        page.add(INDENT * 2 + line)
    page.blank()
    page.paragraph(
        f"PLUGIN is the certbot plugin that writes into {plain_name(plan.zone)}, with its own "
        "options (dns-rfc2136 for a name server of yours).",
        INDENT,
    )
    return page.text()


def _headline(plan: Plan) -> str:
    owner, target = plain_name(plan.owner), plain_name(plan.target)
    match plan.verdict:
        case Verdict.READY:
            return f"Ready: {owner} is delegated to {target}."
        case Verdict.INCONCLUSIVE:
            return f"Cannot tell: this host could not query anything about {owner}."
        case Verdict.NOT_READY:
            return f"Not ready: {phrases.count(plan.left, 'step')} left to delegate {owner}."


def as_json(plan: Plan) -> dict[str, Json]:
    """Make the plan as JSON values."""
    return {
        "version": VERSION,
        "tool": own_tool(),
        "domain": plan.domain,
        "owner_name": show_name(plan.owner),
        "target": show_name(plan.target),
        "zone": show_name(plan.zone),
        "record": plan.record,
        "command": "\n".join(plan.command),
        "outcome": plan.verdict.value,
        "steps": [
            {
                "what": step.what,
                "state": step.state.value,
                "summary": step.summary,
                "remedy": step.remedy,
            }
            for step in plan.steps()
        ],
    }
