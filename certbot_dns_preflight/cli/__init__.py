"""The console script `dns-preflight`: arguments in, text or JSON and an exit status out.

`main` is the entry point; `commands` selects the subcommand. Each subcommand is a module with
`add_arguments` and `run`; `parser` holds the options that they share.
"""
