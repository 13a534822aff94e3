"""Every finding, one file each: its `RULE`, and the `check` that applies it. A new one goes here.

`RULES` has them in the order in which findings of one severity are told. They are the one source
for `dns-preflight explain` and for the documentation's page. Importing them loads neither dnspython
nor certbot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rules import (
    address_unreachable,
    alias_conflict,
    alias_dangling,
    alias_loop,
    alias_target_lacks_record,
    alias_wildcard,
    answer_unstable,
    caa_forbids,
    caa_unanswerable,
    case_not_preserved,
    case_sensitive,
    delegation_mismatch,
    dnssec_bogus,
    dnssec_expiring,
    dnssec_query_fails,
    domain_without_address,
    edns_broken,
    glue_mismatch,
    internal_error,
    malformed_answer,
    mangled_value,
    misplaced_record,
    nameserver_failing,
    nameserver_refuses,
    nameserver_unreachable,
    nameserver_without_address,
    negative_answer_without_soa,
    no_dns_egress,
    no_such_domain,
    not_authoritative,
    rate_limited,
    record_lingers,
    record_not_published,
    record_vanished,
    secondary_behind,
    servers_disagree,
    split_view,
    stale_values,
    tcp_unavailable,
    unconfirmed,
    value_missing,
    wrong_value,
)

if TYPE_CHECKING:
    from certbot_dns_preflight.checks.rule import Rule, RuleModule

RULES: tuple[RuleModule, ...] = (
    record_not_published,
    secondary_behind,
    servers_disagree,
    value_missing,
    wrong_value,
    mangled_value,
    misplaced_record,
    stale_values,
    answer_unstable,
    record_vanished,
    alias_target_lacks_record,
    alias_dangling,
    alias_loop,
    alias_conflict,
    alias_wildcard,
    no_such_domain,
    nameserver_without_address,
    delegation_mismatch,
    glue_mismatch,
    nameserver_unreachable,
    address_unreachable,
    nameserver_refuses,
    nameserver_failing,
    not_authoritative,
    malformed_answer,
    dnssec_query_fails,
    case_sensitive,
    tcp_unavailable,
    edns_broken,
    case_not_preserved,
    negative_answer_without_soa,
    rate_limited,
    internal_error,
    unconfirmed,
    record_lingers,
    caa_forbids,
    caa_unanswerable,
    dnssec_bogus,
    dnssec_expiring,
    split_view,
    no_dns_egress,
    domain_without_address,
)
BY_CODE: dict[str, Rule] = {module.RULE.code: module.RULE for module in RULES}
