"""Present a challenge to a wrapped authenticator, with the name where its record belongs.

Provider plugins look for the zone by the challenge's domain, and write at its validation name. Both
are the alias target here. Everything else is as in certbot's challenge: token, value, key, and the
classes that `isinstance` checks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acme import challenges, messages

if TYPE_CHECKING:
    import dns.name
    from certbot.achallenges import AnnotatedChallenge

_LABEL = challenges.DNS01.LABEL + "."


def written_at(achall: AnnotatedChallenge, record: dns.name.Name) -> AnnotatedChallenge:
    """Return the challenge, to be written at `record`."""
    name = record.to_text(omit_final_dot=True).lower()
    # If the target is itself a challenge name, the domain is what certbot would call its domain.
    domain = name.removeprefix(_LABEL)
    body = achall.challb.update(chall=_renamed(achall.chall, name))
    kind = type(achall)
    # Certbot's older releases know only the domain; newer ones derive it from the identifier.
    fields: dict[str, Any] = {
        slot: getattr(achall, slot) for slot in kind.__slots__ if slot not in ("domain", "challb")
    }
    if "identifier" in fields:
        fields["identifier"] = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=domain)
    else:
        fields["domain"] = domain
    return kind(challb=body, **fields)


def _renamed(chall: challenges.DNS01, name: str) -> challenges.DNS01:
    """Return the same challenge with a fixed validation name, whatever domain is asked for."""
    kind = type(chall)

    def validation_domain_name(self: object, domain: str = "") -> str:  # noqa: ARG001 - acme's signature
        return name

    members = {"validation_domain_name": validation_domain_name}
    metaclass: Any = type(kind)
    renamed = metaclass(kind.__name__, (kind,), members)
    created: challenges.DNS01 = renamed(**{slot: getattr(chall, slot) for slot in chall.__slots__})
    return created
