"""Judge whether a validating CA would believe what each server address signs. Pure.

`anchors` is where trust begins. `validate` follows it from zone to zone: by `delegation` (the DS,
or its denial), keys (`messages` finds those that the DS refers to) and `signed_data`. Below these,
`signatures` checks one RRset, and `denial` what NSEC and NSEC3 prove (`nsec`, `nsec3`, `proof`).
`zone_result` keeps the notes on a zone; `assessment` runs it all within a time limit and sums it
up. `facts.dnssec` holds what servers said, `resolve.dnssec` asks them, and `checks` does the
wording.
"""
