"""Integrate with certbot: the authenticator, and the only modules that import certbot and acme.

Certbot calls `authenticator`. `options` declares its options, `option_checks` refuses what cannot
work, and `restore_options` restores the wrapped authenticators' options on renewal.

`authenticators` has the records made, by the authenticators that `renewals.zone_map` assigns and at
the names that `challenge_view` gives. Each authenticator is found (`installed`) and run (`wrapped`)
behind a view of certbot's configuration (`config_view`). `tracked_challenges` tracks which of its
challenges it is working on, and `certbot_words` holds back what certbot's code would wrongly say
meanwhile. `by_hand` asks a person instead. `making` has them made, and made again at an alias
that only shows afterwards.

`issuance` finds out who requests what from the CA, `precheck` looks before a record is made,
`watching` waits, `wait_display` shows the wait, and `outcome` reports its end to certbot: `stopped`
is the outcome of what was not looked at. `refused` explains a CA's refusal.
`after_cleanup` looks once more after the records are removed, and `failure_hook` runs the user's
command after a failure.
"""
