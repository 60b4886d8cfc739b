"""`alvo completions SHELL`: a script that completes commands, options and ids."""

from __future__ import annotations

from argparse import Namespace

from client.console import Console
from client.remote import EXIT_OK
from client.table import AGENT_VERBS, COMMANDS, names
from client.usage import Parser

SHELLS = ("bash", "zsh", "fish")

_BASH = """\
# alvo: eval "$(alvo completions bash)"
_alvo() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}}
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
        return
    fi
    case $command in
        {flows}) COMPREPLY=($(compgen -W "$(alvo flows --ids 2>/dev/null)" -- "$word")) ;;
        {inquiries}) COMPREPLY=($(compgen -W "$(alvo inquiries --ids 2>/dev/null)" -- "$word")) ;;
        {databases}) COMPREPLY=($(compgen -W "$(alvo databases --names 2>/dev/null)" -- "$word")) ;;
        {agents}) COMPREPLY=($(compgen -W "{agent_verbs} $(alvo agents --names 2>/dev/null)" -f -- "$word")) ;;
        sources) COMPREPLY=($(compgen -W "add refresh remove" -f -- "$word")) ;;
        completions) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
        help) COMPREPLY=($(compgen -W "{commands}" -- "$word")) ;;
        *) COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}}
complete -o filenames -F _alvo alvo
"""

_ZSH = """\
#compdef alvo
# alvo: eval "$(alvo completions zsh)"
_alvo() {{
    if (( CURRENT == 2 )); then
        local -a commands=({described})
        _describe command commands
        return
    fi
    case $words[2] in
        {flows}) compadd -- ${{(f)"$(alvo flows --ids 2>/dev/null)"}} ;;
        {inquiries}) compadd -- ${{(f)"$(alvo inquiries --ids 2>/dev/null)"}} ;;
        {databases}) compadd -- ${{(f)"$(alvo databases --names 2>/dev/null)"}} ;;
        {agents}) compadd -- {agent_verbs} ${{(f)"$(alvo agents --names 2>/dev/null)"}}; _files ;;
        sources) compadd -- add refresh remove; _files ;;
        completions) compadd -- bash zsh fish ;;
        help) compadd -- {commands} ;;
        *) _files ;;
    esac
}}
compdef _alvo alvo
"""

_FISH = """\
# alvo: alvo completions fish | source
complete -c alvo -n __fish_use_subcommand -f
{described}
complete -c alvo -n '__fish_seen_subcommand_from {flows}' -f -a '(alvo flows --ids 2>/dev/null)'
complete -c alvo -n '__fish_seen_subcommand_from {inquiries}' -f -a '(alvo inquiries --ids 2>/dev/null)'
complete -c alvo -n '__fish_seen_subcommand_from {databases}' -f -a '(alvo databases --names 2>/dev/null)'
complete -c alvo -n '__fish_seen_subcommand_from {agents}' -a '{agent_verbs} (alvo agents --names 2>/dev/null)'
complete -c alvo -n '__fish_seen_subcommand_from sources' -a 'add refresh remove'
complete -c alvo -n '__fish_seen_subcommand_from completions' -f -a 'bash zsh fish'
"""


def arguments(parser: Parser, name: str) -> None:
    assert name == "completions"
    parser.word("shell", "help_shell_name", choices=SHELLS, metavar="bash|zsh|fish")


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "completions"
    console.result(script(console, given.shell))
    return EXIT_OK


def script(console: Console, shell: str) -> str:
    flows = names(command for command in COMMANDS if command.takes == "flow")
    inquiries = names(command for command in COMMANDS if command.takes == "inquiry")
    databases = names(command for command in COMMANDS if command.takes == "database")
    agents = names(command for command in COMMANDS if command.takes == "agent")
    summaries = {name: console.words(f"help_{name}").replace("'", "’") for name in names()}
    match shell:
        case "bash":
            form, separator, described = _BASH, "|", ""
        case "zsh":
            form, separator = _ZSH, "|"
            described = " ".join(f"'{name}:{text}'" for name, text in summaries.items())
        case _:
            form, separator = _FISH, " "
            described = "\n".join(
                f"complete -c alvo -n __fish_use_subcommand -f -a {name} -d '{text}'"
                for name, text in summaries.items()
            )
    return form.format(
        commands=" ".join(names()),
        flows=separator.join(flows),
        inquiries=separator.join(inquiries),
        databases=separator.join(databases),
        agents=separator.join(agents),
        agent_verbs=" ".join(AGENT_VERBS),
        described=described,
    )
