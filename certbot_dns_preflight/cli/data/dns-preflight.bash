# bash completion for dns-preflight. Made by script/generate from the parser; changes here are lost.
# shellcheck shell=bash disable=SC2207

_dns_preflight_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_dns_preflight_list() {
    local before=
    [[ $cur == *,* ]] && before=${cur%,*},
    COMPREPLY=($(compgen -P "$before" -W "$1" -- "${cur##*,}"))
    compopt -o nospace 2>/dev/null
}

_dns_preflight_paths() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_dns_preflight() {
    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command=
    COMPREPLY=()
    # Bash makes a word of its own of the sign in --option=value.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $option == = ]] && ((COMP_CWORD > 1)); then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}
    case $command in
        check)
            case $option in
                --file | --account-key | --root-hints | --trust-anchor | --report | --metrics) _dns_preflight_paths -f ;;
                --expect | --token | --timeout | --interval | --confirmations | --settle | --query-timeout | --resolver | --caa-identity) : ;;
                --format) _dns_preflight_words "text json jsonl html nagios" ;;
                --unreachable) _dns_preflight_words "fail warn" ;;
                --ask) _dns_preflight_words "authoritative resolvers" ;;
                --family) _dns_preflight_words "auto 4 6" ;;
                --skip) _dns_preflight_list "record-not-published secondary-behind servers-disagree value-missing wrong-value mangled-value misplaced-record stale-values answer-unstable record-vanished alias-target-lacks-record alias-dangling alias-loop alias-conflict alias-wildcard no-such-domain nameserver-without-address delegation-mismatch glue-mismatch parent-disagrees nameserver-unreachable address-unreachable nameserver-refuses nameserver-failing not-authoritative malformed-answer dnssec-query-fails case-sensitive tcp-unavailable edns-broken case-not-preserved negative-answer-without-soa rate-limited limit-reached internal-error unconfirmed record-lingers caa-forbids caa-unanswerable dnssec-bogus dnssec-expiring split-view no-dns-egress dns-intercepted domain-without-address" ;;
                --color) _dns_preflight_words "auto always never" ;;
                *)
                    _dns_preflight_words "-h --help --file --expect --token --account-key --wait --format --json --jsonl --failing-only --help-all --timeout --interval --confirmations --settle --query-timeout --unreachable --resolver --ask --root-hints --trust-anchor --family --caa-identity --skip --report --metrics -q --quiet -v --verbose --color"
                    ;;
            esac
            ;;
        trace)
            case $option in
                --timeout | --query-timeout | --resolver) : ;;
                --root-hints | --report) _dns_preflight_paths -f ;;
                --family) _dns_preflight_words "auto 4 6" ;;
                *)
                    _dns_preflight_words "-h --help --json --help-all --timeout --query-timeout --resolver --root-hints --family --report -q --quiet -v --verbose"
                    ;;
            esac
            ;;
        hook)
            case $option in
                --exec) _dns_preflight_paths -c ;;
                --timeout | --interval | --confirmations | --settle | --query-timeout | --resolver | --caa-identity) : ;;
                --unreachable) _dns_preflight_words "fail warn" ;;
                --on-failure) _dns_preflight_words "abort continue" ;;
                --ask) _dns_preflight_words "authoritative resolvers" ;;
                --root-hints | --trust-anchor | --report | --metrics) _dns_preflight_paths -f ;;
                --family) _dns_preflight_words "auto 4 6" ;;
                --skip) _dns_preflight_list "record-not-published secondary-behind servers-disagree value-missing wrong-value mangled-value misplaced-record stale-values answer-unstable record-vanished alias-target-lacks-record alias-dangling alias-loop alias-conflict alias-wildcard no-such-domain nameserver-without-address delegation-mismatch glue-mismatch parent-disagrees nameserver-unreachable address-unreachable nameserver-refuses nameserver-failing not-authoritative malformed-answer dnssec-query-fails case-sensitive tcp-unavailable edns-broken case-not-preserved negative-answer-without-soa rate-limited limit-reached internal-error unconfirmed record-lingers caa-forbids caa-unanswerable dnssec-bogus dnssec-expiring split-view no-dns-egress dns-intercepted domain-without-address" ;;
                --color) _dns_preflight_words "auto always never" ;;
                *)
                    _dns_preflight_words "-h --help --exec --help-all --timeout --interval --confirmations --settle --query-timeout --unreachable --on-failure --resolver --ask --root-hints --trust-anchor --family --caa-identity --skip --report --metrics -q --quiet -v --verbose --color"
                    ;;
            esac
            ;;
        renewals)
            case $option in
                --config-dir) _dns_preflight_paths -d ;;
                --cert-name | --within | --timeout | --confirmations | --query-timeout | --resolver | --caa-identity) : ;;
                --format) _dns_preflight_words "text json jsonl html nagios" ;;
                --unreachable) _dns_preflight_words "fail warn" ;;
                --ask) _dns_preflight_words "authoritative resolvers" ;;
                --root-hints | --trust-anchor | --report | --metrics) _dns_preflight_paths -f ;;
                --family) _dns_preflight_words "auto 4 6" ;;
                --skip) _dns_preflight_list "record-not-published secondary-behind servers-disagree value-missing wrong-value mangled-value misplaced-record stale-values answer-unstable record-vanished alias-target-lacks-record alias-dangling alias-loop alias-conflict alias-wildcard no-such-domain nameserver-without-address delegation-mismatch glue-mismatch parent-disagrees nameserver-unreachable address-unreachable nameserver-refuses nameserver-failing not-authoritative malformed-answer dnssec-query-fails case-sensitive tcp-unavailable edns-broken case-not-preserved negative-answer-without-soa rate-limited limit-reached internal-error unconfirmed record-lingers caa-forbids caa-unanswerable dnssec-bogus dnssec-expiring split-view no-dns-egress dns-intercepted domain-without-address" ;;
                --color) _dns_preflight_words "auto always never" ;;
                *)
                    _dns_preflight_words "-h --help --config-dir --cert-name --within --format --json --jsonl --failing-only --help-all --timeout --confirmations --query-timeout --unreachable --resolver --ask --root-hints --trust-anchor --family --caa-identity --skip --report --metrics -q --quiet -v --verbose --color"
                    ;;
            esac
            ;;
        delegate)
            case $option in
                --to | --timeout | --query-timeout | --resolver | --caa-identity) : ;;
                --unreachable) _dns_preflight_words "fail warn" ;;
                --root-hints | --trust-anchor | --report) _dns_preflight_paths -f ;;
                --family) _dns_preflight_words "auto 4 6" ;;
                --color) _dns_preflight_words "auto always never" ;;
                *)
                    _dns_preflight_words "-h --help --to --exactly --json --help-all --timeout --query-timeout --unreachable --resolver --root-hints --trust-anchor --family --caa-identity --report -q --quiet -v --verbose --color"
                    ;;
            esac
            ;;
        explain)
            case $option in
                *)
                    if [[ $cur == -* ]]; then
                        _dns_preflight_words "-h --help"
                    else
                        _dns_preflight_words "record-not-published secondary-behind servers-disagree value-missing wrong-value mangled-value misplaced-record stale-values answer-unstable record-vanished alias-target-lacks-record alias-dangling alias-loop alias-conflict alias-wildcard no-such-domain nameserver-without-address delegation-mismatch glue-mismatch parent-disagrees nameserver-unreachable address-unreachable nameserver-refuses nameserver-failing not-authoritative malformed-answer dnssec-query-fails case-sensitive tcp-unavailable edns-broken case-not-preserved negative-answer-without-soa rate-limited limit-reached internal-error unconfirmed record-lingers caa-forbids caa-unanswerable dnssec-bogus dnssec-expiring split-view no-dns-egress dns-intercepted domain-without-address"
                    fi
                    ;;
            esac
            ;;
        completion)
            case $option in
                *)
                    if [[ $cur == -* ]]; then
                        _dns_preflight_words "-h --help"
                    else
                        _dns_preflight_words "bash zsh fish"
                    fi
                    ;;
            esac
            ;;
        *) _dns_preflight_words "check trace hook renewals delegate explain completion -h --help --version" ;;
    esac
}

complete -F _dns_preflight dns-preflight
