"""certbot's side: the authenticator, and the only modules that import certbot and acme.

`authenticator` is what certbot calls. `options` declares its options, `wrapped` runs the wrapped
authenticator, `restore_options` brings that one's options back at renewal, `issuance` says who asks
the CA for what, `precheck` looks before a record is made, and `outcome` tells certbot how it ended.
"""
