"""certbot's side: the authenticator, and the only modules that import certbot and acme.

`authenticator` is what certbot calls. `options` declares its options, `option_checks` refuses what
cannot work, and `restore_options` brings the wrapped authenticators' options back at renewal.

`authenticators` has the records made, by whom `renewals.zone_map` says, and where `challenge_view`
says. Each authenticator is found (`installed`) and run (`wrapped`) behind a view of certbot's
configuration (`config_view`). `tracked_challenges` knows which of its challenges it is working on,
and `certbot_words` keeps back what certbot's code would say meanwhile and not be right about.
`by_hand` asks a person instead.

`issuance` says who asks the CA for what, `precheck` looks before a record is made, `wait_display`
and `wait_log` show the wait, and `outcome` tells certbot how it ended. `after_cleanup` looks once
more when the records are removed, and `failure_hook` runs the user's command after a failure.
"""
