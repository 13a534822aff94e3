"""Where the resolver of this host shows something other than the public DNS."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.checks import evidence, observations, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.environment import ViewOf
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.environment import ResolverView
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.SPLIT_VIEW,
    severity=Severity.WARNING,
    meaning="This host's resolver shows something other than the public DNS.",
    reference="RFC 9499 section 6",
    explanation=(
        "An internal view or a local override hides the public zone from this host: it shows other "
        "name servers, another primary, or internal addresses. Different public addresses have "
        "many harmless reasons and are not reported."
    ),
    refusal=("The CA does not look from here: only the public view counts."),
    confirm=(
        "dig DOMAIN A",
        "dig +trace DOMAIN A",
    ),
    remedies=(
        Remedy(
            "the record was written to the internal zone",
            "Write it to the public zone: point the authenticator at the public primary.",
        ),
        Remedy(
            "the CA is an internal one",
            "Check through its resolver (`--resolver`).",
        ),
    ),
    subject=Subject.ENVIRONMENT,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report how this host's own view differs, where it does."""
    view = context.environment.resolver_view
    if view is None or isinstance(survey.obstacle, NoSuchDomain):
        return
    resolver = view.resolver.address
    local, public = phrases.listed(view.local), phrases.listed(view.public)
    yield RULE.finding(
        summary=f"this host's resolver {resolver} shows {_other(view)} than the public DNS",
        cause=f"The resolver says {local}; the public DNS says {public}",
        remedy="Make sure the record is created in the public zone. The CA sees only that one",
        evidence={
            "resolver": resolver,
            "zone": show_name(view.zone),
            "what": view.what.value,
            "name": show_name(view.name),
            "local": list(view.local),
            "public": list(view.public),
        },
    )


def seen_here(survey: Survey) -> Iterator[Finding]:
    """Report an expected value that this host's own resolver shows, and no public name server."""
    seen = survey.probes.seen_here
    if seen is None:
        return
    denied = isinstance(survey.obstacle, NoSuchDomain)
    if not denied and not any(map(observations.is_usable, survey.observations)):
        return  # no public name server has answered, so what they have is unknown
    if any(map(_values_beside(seen.values), survey.observations)):
        return  # it is in the public zone, where something else keeps it from counting
    resolver, name = seen.resolver.address, phrases.host(seen.name)
    values = phrases.listed(phrases.value(value) for value in seen.values)
    yield RULE.finding(
        summary=f"this host's resolver {resolver} has the record; the public name servers do not",
        cause=f"Asked for {name} TXT, {resolver} answers {values}: the record was probably written "
        "into an internal copy of the zone",
        remedy="Write the record into the public zone: point the authenticator at the public "
        "primary. A CA sees only that one",
        address=resolver,
        evidence={
            "resolver": resolver,
            "what": "record",
            "name": show_name(seen.name),
            "local": evidence.values(seen.values),
            "public": [],
        },
    )


def _values_beside(values: Collection[bytes]) -> Callable[[Observation], bool]:
    """Tell of an observation whether some of these values stand beside an alias there."""
    return lambda o: isinstance(o.reading, Alias) and not set(values).isdisjoint(o.reading.texts)


def _other(view: ResolverView) -> str:
    name = phrases.host(view.name)
    match view.what:
        case ViewOf.NAME_SERVERS:
            return f"different name servers for {name}"
        case ViewOf.PRIMARY:
            return f"a different primary name server for {name}"
        case ViewOf.SERVER_ADDRESSES:
            return f"different addresses of the name server {name}"
        case ViewOf.ADDRESSES:
            return f"different addresses of {name}"
        case _ as never:
            assert_never(never)
