"""Everything that is asked: from one query to one address up to every server of a challenge.

What is looked for. A challenge is visible when every name server of the zone that really holds the
record answers with authority and shows every expected value. "Every" is meant: a CA's resolver
picks any of them. So the zone's name servers are taken from the delegation and from the zone's own
NS RRset together, each at every address that it has in its own zone or in the glue; the record is
looked for where its aliases lead, and the zone of each name on the way is asked in the same way.

Why each question is asked as it is:

- Every question is put as a CA's resolver puts it, from the walk to the last round: EDNS with 1232
  bytes, DO, letters in mixed case drawn anew each time, TCP after truncation. What fails only so is
  as bad as what fails always; where it fails, and only there, plainer questions tell what is wrong.
  The signatures come with the answers, and are not asked for by themselves.
- The walk begins at the root and asks authoritative servers alone, without RD. No resolver stands
  between, whose cache or split horizon would show something else than the CA will see; and none is
  asked for the TXT, where a negative answer would stay for the CA to find (RFC 2308). Where a
  resolver is given it leads to the zone, and is asked for SOA, NS and addresses only.
- The walk asks for SOA: it is small, every zone has one, and what is not there is told apart from
  what is delegated. Before a record is made, nothing at all is asked about its name.
- The root and the top-level domains have many servers, alike and looked after: one that answers
  will do. In a zone of a person or company every address is asked.
- The servers of the zone above are all asked for the delegation, and all of the zone's for its NS
  RRset and CAA: one that lags must not hide a name server. One address of each will do for that, as
  long as it answers and all say the same; the record itself is asked for at every address.
- Nothing is asked twice in a run but the record, round after round, and before the last of them who
  must show it. Keys are asked for only below a DS, once; what does not fit is asked for once more.
- A datagram that seems lost is sent again, and an address has its full time twice before it counts
  as silent; what arrived while this process was busy has come in time. What fails is data about the
  server, never an exception; what this host cannot send, or was too busy to read, says nothing
  about anybody.
- What comes back is bounded before it is parsed (`wire`), must have the question in it letter by
  letter or be waited for (a forger would have to guess them), and counts in class IN alone.
- Few questions a second go to one address: many servers limit the rate of their answers.

Who does what, from below:

- One question: `queries` makes it, `sockets` sends it and takes in what comes by `datagrams`,
  `messages` parses and matches that within the bounds of `wire`, `lateness` is how late that is.
  `exchange` asks one address with patience (`patience`, `timings`) and within `budgets`, and
  `exchange_log` tells of it; `fanout` asks several, `zone_servers` are those of a zone,
  `query_faults` asks again to tell why one fails.
- One message: `reading`, `referrals`, `negative_answers` and `caa_wire` say what it says. They ask
  nothing.
- The walk: `walker` goes from `root_hints` down to the zone of a name, with `root_servers`, `cuts`
  and, where a resolver leads, `via_resolver`; `interception` sees that what answers is no server,
  but something in between. `name_servers` learns who serves the zone from `ns_sets` and
  `server_addresses`, and `same_servers` looks whether they still do. `cache` has what was learned.
- One challenge: `txt` asks in rounds, by `txt_queries`, and `txt_hops` keeps what each address said
  (`address_history`, `observe`). `expectations` has what challenges that end at one name expect
  together.
- Where resolvers are asked alone: `resolver_survey` asks in rounds, with what `recursive` reads,
  `resolver_zones` and `resolver_zone_survey` know of their zones, `resolver_environment` looks at
  what is around. `encrypted` goes over TLS and HTTPS; `ways_out` tells what would work here.
- What is around it: `environment`, with `caa` and `caa_servers`, `dnssec`, `domain_addresses`,
  `zone_health` and `split_horizon`.
- A failure: `probes` asks what explains it, with `misplaced`, `missing_dots` and `random_names`.

What the answers mean for a CA is not decided here: that is for `checks`.
"""
