"""certbot's configuration directory: its renewal files, its lineages, and whether they can renew.

Reads certbot's files without certbot. `renewal_file` reads one file, `config_dir` all of them, and
`lineages` says what they add up to. `certbot_needs` is what certbot itself must find there to
renew, `zone_map` which authenticator is for which zone.
"""
