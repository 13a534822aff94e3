"""Everything that is asked: from one query to one address up to every server of a challenge.

All sockets are in `exchange`; what a message says is read in `reading`. `walker` goes from the root
down to the zone of a name, `name_servers` learns who serves it, and `txt`, `caa`, `dnssec` and
`environment` ask them. What the answers mean for a CA is not decided here: that is for `checks`.
"""
