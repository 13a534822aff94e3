"""Sends every DNS query, from one query to one address up to all servers of a challenge.

What it looks for: a challenge is visible when every name server of the zone that actually holds the
record answers authoritatively and shows every expected value. "Every" is literal: a CA's resolver
picks any of them. So the name servers come from the delegation and from the zone's own NS RRset
together, each at every address found in its own zone or in the glue. The lookup follows aliases,
and treats the zone of each name on the way the same.

Why each query is sent the way it is:

- Every query, from the walk to the last round, looks like one from a CA's resolver: EDNS with 1232
  bytes, DO, letter case randomised anew each time, TCP after truncation. A server that fails only
  such queries is as bad as one that always fails; where it fails, and only there, plainer queries
  find out why. Signatures arrive with the answers and need no queries of their own.
- The walk starts at the root and queries only authoritative servers, without RD. No resolver sits
  in between whose cache or split horizon could differ from what the CA will see, and none is asked
  for the TXT, where a cached negative answer could later reach the CA (RFC 2308). A configured
  resolver only leads to the zone, and is asked for SOA, NS and addresses only.
- The walk asks for SOA: it is small, every zone has one, and it tells missing names from delegated
  ones. Where no SOA comes, it asks for NS label by label, as resolvers go down (RFC 9156). Before a
  record is created, nothing at all is asked about its name.
- The root and the top-level domains have many identical, well-run servers: one that answers will
  do. In the zone of a person or company every address is asked.
- A resolver sends a query for a zone's apex to the parent's servers first. Where TXT or CAA is
  asked there, one of them must pass it on. A registry is asked for the domain's CAA by the walk:
  one question shows where the domain's zone is, and that a CA gets there.
- All the parent's servers are asked for the delegation, and all of the zone's for its NS RRset and
  CAA: one that lags must not hide a name server. One address of each is enough for that as long as
  it answers and all agree; the record itself is asked for at every address.
- No query is repeated in a run except for the record, in every round, and for the servers that must
  show it, before the last. Keys are queried only below a DS, once; what does not fit, once more.
- A datagram that seems lost is sent again, and an address counts as silent only after two full
  timeouts. Data that arrived while this process was busy counts as on time. A failure is data about
  the server, never an exception; what this host cannot send, or was too busy to read, says nothing
  about it.
- Each response is bounds-checked before it is parsed (`wire`), and only class IN counts. It must
  repeat the question in its exact case (a forger would have to guess it), or we keep waiting.
- Few queries per second go to one address: many servers rate-limit their answers.

The modules, from the bottom up:

- One query: `queries` builds it, `sockets` sends it and receives responses through `datagrams`,
  `messages` parses and matches them within the bounds of `wire`, `lateness` measures how late this
  is. `exchange` queries one address with patience (`patience`, `timings`) and within `budgets`, and
  `exchange_log` logs it; `fanout` queries several, `zone_servers` lists those of a zone,
  `query_faults` queries again to find out why one fails.
- One message: `reading`, `referrals`, `negative_answers`, `ds_answers` and `caa_wire` read it,
  without queries.
- The walk: `walker` goes from `root_hints` down to the zone of a name, with `root_servers`, `cuts`
  and, where a resolver leads, `via_resolver`; `below_registries` asks a registry for the way, and
  `interception` detects something on the path that answers in place of the servers.
  `name_servers` learns who serves the zone from `ns_sets` and `server_addresses`, and
  `same_servers` checks that they still do. `parent_servers` checks that those above pass queries
  on. `cache` holds what was learned.
- One challenge: `txt` queries in rounds, through `txt_queries`, and `txt_hops` keeps what each
  address said (`address_history`, `observe`); `deeper_zones` finds a zone below that only some of
  them have. `expectations` merges the values expected by challenges that end at the same name.
- Resolvers only: `resolver_survey` queries in rounds, with what `recursive` reads and what
  `resolver_zones` and `resolver_zone_survey` know of the zones; `resolver_environment` checks the
  surroundings. `encrypted` uses TLS and HTTPS; `ways_out` finds what would work here.
- The surroundings: `environment`, with `caa`, `caa_servers` and `caa_delegated`, `dnssec`,
  `domain_addresses`, `zone_health` and `split_horizon`.
- A failure: `probes` sends queries that explain it, with `misplaced`, `missing_dots` and
  `random_names`.

What the answers mean for a CA is decided in `checks`.
"""
