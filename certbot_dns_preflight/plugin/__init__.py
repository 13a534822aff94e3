"""certbot's side: the authenticator, and the only modules that import certbot and acme.

`authenticator` is what certbot calls. `options` declares its options, `preparing` refuses what
cannot work, and `restore_options` brings the wrapped authenticators' options back at renewal.

`authenticators` has the records made, by whom `renewals.zone_map` says, and where `challenge_view`
says. Each authenticator is found (`installed`) and run (`wrapped`) behind a view of certbot's
configuration (`config_view`), and is handed its challenges one by one (`handed_out`); what
certbot's code says meanwhile is listened to (`certbot_words`). `by_hand` asks a person instead.

`issuance` says who asks the CA for what, `precheck` looks before a record is made, `watching` and
`waiting_words` show the wait, `outcome` tells certbot how it ended. `aftermath` looks once more
after the clean-up, and `failure_hook` tells of a failure.
"""
