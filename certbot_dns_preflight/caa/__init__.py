"""Certification Authority Authorization as CAs read it (RFC 8659, RFC 8657). Pure.

`grammar` parses a property's value, `policy` decides for one RRset, `relevant_set` finds the RRset
that counts on the climb from a name to its top-level domain.
"""
