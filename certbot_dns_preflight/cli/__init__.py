"""The console script `dns-preflight`: arguments in, text or JSON and an exit status out.

`main` is where it begins; `commands` chooses the subcommand, each a module of its own with
`add_arguments` and `run`; `parser` has the options that they share.
"""
