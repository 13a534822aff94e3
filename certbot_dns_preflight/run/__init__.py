"""Decide when to ask again and when to stop: in a precheck, a wait, a single look and a trace.

`resolve` sends the queries and `checks` judges the answers; this package decides only order and
timing. Wording and certbot are handled elsewhere.
"""
