"""Certification Authority Authorization as CAs read it (RFC 8659, RFC 8657). Pure.

`grammar` reads a property's value, `policy` decides for one set, `relevant_set` finds the set that
counts on the climb from a name to its top-level domain.
"""
