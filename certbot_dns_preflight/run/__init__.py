"""When to ask again and when to stop: a precheck, a wait, a single look, a trace.

`resolve` asks and `checks` judge; what is decided here is order and time alone. Words and certbot
are elsewhere.
"""
