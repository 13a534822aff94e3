"""Certbot authenticator that looks before the certificate authority is told to.

`dns-preflight` wraps any DNS-01 authenticator, waits until the ``_acme-challenge`` TXT record
is visible on every authoritative name server, and otherwise says, server by server, what differs.

Where to look: a DNS answer comes in at `exchange` and is read in `responses`; the way to the
name servers is `delegation`; `rounds` repeats until ready; `diagnosis` judges; `report` finds
the words; `authenticator` is certbot's side and `cli` the command's.

Importing this package loads nothing else: certbot imports every plugin at every start.
"""
