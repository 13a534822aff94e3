"""DNSSEC: whether a validating CA would believe what each server address signs. Pure.

`anchors` is where trust begins, `validate` follows it from zone to zone: by `delegation` (the DS,
or its denial), keys (`messages` says which ones the DS names), and `signed_data`. Below these,
`signatures` checks one RRset, and `denial` what NSEC and NSEC3 prove (`nsec`, `nsec3`, `proof`).
`zone_result` keeps what is noted of a zone; `assessment` runs it all within a bound of time and
sums it up.
What servers said is in `facts.dnssec`, how it is asked in `resolve.dnssec`; words are `checks`'.
"""
