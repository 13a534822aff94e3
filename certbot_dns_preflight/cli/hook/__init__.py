"""`dns-preflight hook`: runs a user's hook, and waits for all records of its order.

`command` is the subcommand, `order` finds the calls that belong together by `processes`, and
`state_dir` keeps in a private directory what one call tells the next.
"""
