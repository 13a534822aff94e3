"""certbot's configuration directory: its renewal files, its lineages, and whether they can renew.

Reads certbot's files without certbot. `renewal_file` reads one file, `config_dir` all of them, and
`lineages` combines the results. `certbot_needs` checks what certbot itself needs in order to renew;
`saved_options` checks the options that a renewal file holds, and `accounts` the CA and the account.
`zone_map` maps zones to authenticators, and `map_coverage` finds records that have none.
"""
