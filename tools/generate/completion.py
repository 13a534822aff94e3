"""Shell completion for bash, zsh and fish, written from the parser.

The scripts are static: pressing Tab starts no Python, which argcomplete would do. What they need to
know is little enough that no generator (shtab, say) is worth a dependency and another licence's
text in each script.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tools.generate.outline import Takes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.generate.outline import Command, Item, Outline

_NOTE = "Made by script/generate from the parser; changes here are lost."
_FISH_VALUES = {
    Takes.NOTHING: "",
    Takes.FILE: "-r -F",
    Takes.DIRECTORY: "-x -a '(__fish_complete_directories)'",
    Takes.PROGRAM: "-x -a '(__fish_complete_command)'",
    Takes.ANYTHING: "-x",
}
_ZSH_VALUES = {
    Takes.FILE: "_files",
    Takes.DIRECTORY: "_files -/",
    Takes.PROGRAM: "_cmdstring",
    Takes.ANYTHING: "",
}


# -- bash ------------------------------------------------------------------------------------------


def bash(line: Outline) -> str:
    """Write the script for bash 4 and newer; it needs no bash-completion package."""
    top = " ".join([*(command.name for command in line.commands), *_names(line.whole)])
    cases = "\n".join(_bash_case(command) for command in line.commands)
    return f"""\
# bash completion for {line.program}. {_NOTE}
# shellcheck shell=bash disable=SC2207

_dns_preflight_words() {{
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}}

_dns_preflight_list() {{
    local before=
    [[ $cur == *,* ]] && before=${{cur%,*}},
    COMPREPLY=($(compgen -P "$before" -W "$1" -- "${{cur##*,}}"))
    compopt -o nospace 2>/dev/null
}}

_dns_preflight_paths() {{
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}}

_dns_preflight() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}} command=
    COMPREPLY=()
    # Bash makes a word of its own of the sign in --option=value.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $option == = ]] && ((COMP_CWORD > 1)); then
        option=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    ((COMP_CWORD > 1)) && command=${{COMP_WORDS[1]}}
    case $command in
{cases}
        *) _dns_preflight_words "{top}" ;;
    esac
}}

complete -F _dns_preflight {line.program}
"""


def _bash_case(command: Command) -> str:
    lines = [f"        {command.name})", "            case $option in"]
    by_action: dict[str, list[str]] = {}
    for item in command.options:
        if item.takes is not Takes.NOTHING:
            by_action.setdefault(_bash_values(item), []).extend(item.names)
    lines += [
        f"                {' | '.join(names)}) {action} ;;" for action, names in by_action.items()
    ]
    lines += ["                *)"]
    options = " ".join(_names(command))
    words = " ".join(word for item in command.arguments for word in item.words)
    if words:
        lines += [
            "                    if [[ $cur == -* ]]; then",
            f'                        _dns_preflight_words "{options}"',
            "                    else",
            f'                        _dns_preflight_words "{words}"',
            "                    fi",
        ]
    else:
        lines += [f'                    _dns_preflight_words "{options}"']
    lines += ["                    ;;", "            esac", "            ;;"]
    return "\n".join(lines)


def _bash_values(item: Item) -> str:
    match item.takes:
        case Takes.WORDS:
            return f'_dns_preflight_words "{" ".join(item.words)}"'
        case Takes.LIST_OF_WORDS:
            return f'_dns_preflight_list "{" ".join(item.words)}"'
        case Takes.FILE:
            return "_dns_preflight_paths -f"
        case Takes.DIRECTORY:
            return "_dns_preflight_paths -d"
        case Takes.PROGRAM:
            return "_dns_preflight_paths -c"
        case _:
            return ":"


# -- zsh -------------------------------------------------------------------------------------------


def zsh(line: Outline) -> str:
    """Write the function for zsh, to be found as ``_dns-preflight`` on its fpath."""
    described = "\n".join(
        f"        {shlex.quote(f'{command.name}:{command.help}')}" for command in line.commands
    )
    cases = "\n".join(_zsh_case(command) for command in line.commands)
    top = " \\\n        ".join(_zsh_option(item) for item in line.whole.options)
    return f"""\
#compdef {line.program}
# zsh completion for {line.program}. {_NOTE}

_dns-preflight() {{
    local curcontext=$curcontext state line
    local -a commands
    commands=(
{described}
    )
    _arguments -C \\
        {top} \\
        '1:command:->command' \\
        '*::argument:->argument'
    case $state in
        command) _describe -t commands command commands ;;
        argument)
            case $words[1] in
{cases}
            esac
            ;;
    esac
}}

_dns-preflight "$@"
"""


def _zsh_case(command: Command) -> str:
    specs = [_zsh_option(item) for item in command.options]
    for item in command.arguments:
        number = "*" if item.repeatable else "1"
        specs.append(shlex.quote(f"{number}:{item.metavar}:{_zsh_values(item)}"))
    joined = " \\\n                        ".join(specs)
    return f"""\
                {command.name})
                    _arguments \\
                        {joined}
                    ;;"""


def _zsh_option(item: Item) -> str:
    words = item.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
    value = "" if item.takes is Takes.NOTHING else f":{item.metavar.replace(':', '')}:"
    value += _zsh_values(item)
    if len(item.names) > 1:
        # Either name excludes the other.
        head = shlex.quote(f"({' '.join(item.names)})")
        return f"{head}{{{','.join(item.names)}}}{shlex.quote(f'[{words}]{value}')}"
    many = "*" if item.repeatable else ""
    equals = "" if item.takes is Takes.NOTHING else "="
    return shlex.quote(f"{many}{item.names[0]}{equals}[{words}]{value}")


def _zsh_values(item: Item) -> str:
    match item.takes:
        case Takes.WORDS:
            return f"({' '.join(item.words)})"
        case Takes.LIST_OF_WORDS:
            return f"_sequence compadd - {' '.join(item.words)}"
        case other:
            return _ZSH_VALUES.get(other, "")


# -- fish ------------------------------------------------------------------------------------------


def fish(line: Outline) -> str:
    """Write the script for fish."""
    return "\n".join(_fish_lines(line)) + "\n"


def _fish_lines(line: Outline) -> Iterator[str]:
    first = f"complete -c {line.program}"
    names = " ".join(command.name for command in line.commands)
    yield f"# fish completion for {line.program}. {_NOTE}"
    yield f"{first} -f"
    alone = f"-n 'not __fish_seen_subcommand_from {names}'"
    for command in line.commands:
        yield f"{first} {alone} -a {command.name} -d {_fish_text(command.help)}"
    for item in line.whole.options:
        yield f"{first} {alone} {_fish_option(item)}"
    for command in line.commands:
        within = f"-n '__fish_seen_subcommand_from {command.name}'"
        for item in command.options:
            yield f"{first} {within} {_fish_option(item)}"
        for item in command.arguments:
            if item.words:
                yield f"{first} {within} -a '{' '.join(item.words)}'"


def _fish_option(item: Item) -> str:
    names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in item.names]
    match item.takes:
        case Takes.WORDS:
            value = f"-x -a '{' '.join(item.words)}'"
        case Takes.LIST_OF_WORDS:
            value = f"-x -a '(__fish_append , {' '.join(item.words)})'"
        case other:
            value = _FISH_VALUES[other]
    return " ".join(part for part in (*names, value, f"-d {_fish_text(item.help)}") if part)


def _fish_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _names(command: Command) -> list[str]:
    return [name for item in command.options for name in item.names]
