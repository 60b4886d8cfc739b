"""What a permission's `*` may stand for, program by program: an allow-list, so that it fails by asking."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags that neither run nor write anything; any other one asks.

    `short`: as in getopt, `k:` takes a value. `long`: whole names only, with or without `=value`,
    since a beginning of one may be that of another. `every`: the program has no flag that does harm.
    """

    short: str = ""
    long: frozenset[str] = frozenset()
    numbers: bool = False
    dashes: bool = False
    every: bool = False

    def covers(self, word: str) -> bool:
        if self.every or not word.startswith("-"):
            return True
        if word in ("-", "--"):
            return self.dashes
        name = word.partition("=")[0]
        if name in self.long:
            return True
        if word.startswith("--"):
            return False
        if self.numbers and re.fullmatch(r"-[0-9]+", word):
            return True
        return self._covers_cluster(word[1:])

    def _covers_cluster(self, letters: str) -> bool:
        for letter in letters:
            at = self.short.find(letter)
            if at < 0 or letter == ":":
                return False
            if self.short[at + 1 : at + 2] == ":":
                return True
        return True


def _flags(
    short: str = "", long: str = "", *, numbers: bool = False, dashes: bool = False
) -> Flags:
    return Flags(short, frozenset(long.split()), numbers=numbers, dashes=dashes)


_EVERY: Final = Flags(every=True)
_DIFF: Final = (
    "--stat --numstat --shortstat --name-only --name-status --cached --staged --word-diff --color"
    " --no-color --check --summary --unified --ignore-all-space --ignore-space-change --merge-base"
    " --no-ext-diff --no-textconv --exit-code --quiet --raw --patch --no-patch --minimal"
    " --patience --histogram --diff-filter --find-renames"
)
_LOG: Final = _DIFF + (
    " --oneline --graph --decorate --all --since --until --after --before --author --grep"
    " --max-count --reverse --follow --first-parent --merges --no-merges --pretty --format"
    " --abbrev-commit --date --tags --branches --remotes --topo-order --date-order"
)
_GIT_LOG: Final = _flags("pusbwzWiEM:C:U:S:G:n:L:", _LOG, numbers=True, dashes=True)

STARRED: Final[dict[tuple[str, ...], Flags]] = {
    **{
        (name,): _EVERY
        for name in [
            "echo",
            "pwd",
            "true",
            "false",
            "ls",
            "cat",
            "head",
            "tail",
            "wc",
            "stat",
            "basename",
            "dirname",
            "realpath",
            "readlink",
            "nproc",
            "cksum",
            "md5sum",
            "sha1sum",
            "sha256sum",
            "sha512sum",
            "b2sum",
            "nl",
            "tac",
            "cut",
            "paste",
            "fold",
            "rev",
            "cmp",
            "comm",
            "join",
            "tr",
            "seq",
            "id",
            "whoami",
            "groups",
            "uname",
            "arch",
            "tty",
            "du",
            "df",
            "free",
            "uptime",
            "lsblk",
            "lscpu",
            "who",
            "ps",
            "pgrep",
            "which",
            "od",
            "grep",
        ]
    },
    ("sort",): _flags(
        "bdfgiMhnRrVcCmsuzk:t:",
        "--reverse --unique --numeric-sort --human-numeric-sort --ignore-case --version-sort"
        " --check --key --field-separator --stable --zero-terminated",
    ),
    ("diff",): _flags(
        "uqrsbBwiyaNtTU:", "--unified --brief --recursive --ignore-case --side-by-side --color"
    ),
    ("file",): _flags("bLiNsk0h", "--brief --mime-type --mime --dereference"),
    ("tree",): _flags("adfilpsugDFhrtcUvxAJQNCnXSqLPI"),
    ("jq",): _flags("rcSsnejMCa", "--raw-output --compact-output --sort-keys --slurp --tab"),
    ("rg",): _flags(
        "ivwxnNlLcoFSsHhUPqae:g:t:T:A:B:C:m:",
        "--hidden --no-ignore --files --count --ignore-case --word-regexp --line-number --glob"
        " --files-with-matches --type --json --stats --max-count --context --fixed-strings"
        " --smart-case --multiline",
    ),
    ("find",): _flags(
        "LHP",
        "-name -iname -type -maxdepth -mindepth -size -mtime -mmin -ctime -cmin -atime -amin"
        " -newer -path -ipath -wholename -print -print0 -ls -empty -not -o -a -and -or -user"
        " -group -perm -regex -iregex -prune -xdev -mount -links -inum -readable -writable"
        " -executable -true -false -follow -depth -quit",
    ),
    ("git", "status"): _flags(
        "sbvzu:",
        "--short --branch --porcelain --long --verbose --untracked-files --ignored --show-stash",
        dashes=True,
    ),
    ("git", "diff"): _flags("pusbwzRWM:C:U:S:G:", _DIFF, numbers=True, dashes=True),
    ("git", "log"): _GIT_LOG,
    ("git", "show"): _GIT_LOG,
    ("git", "blame"): _flags("lctfsewnpL:", "--porcelain --date --since", dashes=True),
    ("git", "ls-files"): _flags(
        "cdomiuskvtz",
        "--cached --others --modified --deleted --stage --exclude-standard --full-name",
        dashes=True,
    ),
    ("git", "rev-parse"): _flags(
        "",
        "--short --abbrev-ref --show-toplevel --git-dir --is-inside-work-tree --verify"
        " --symbolic-full-name",
    ),
    ("git", "describe"): _flags("", "--tags --always --dirty --abbrev --long --all --match"),
    ("git", "shortlog"): _flags("snec", "--summary --numbered --email"),
    ("git", "grep"): _flags(
        "niwlLcFEPhHvqe:A:B:C:",
        "--line-number --ignore-case --word-regexp --count --files-with-matches --cached",
        dashes=True,
    ),
}
"""Programs, or their subcommands, that only read: `*` stands for these flags too."""

SUBCOMMANDS: Final = frozenset(words[0] for words in STARRED if len(words) > 1)
"""Programs whose first word decides what they do: `*` alone must not choose it."""

SAFE_BUILTINS: Final = frozenset({"echo", "pwd", "true", "false"})

NEVER: Final = re.compile(
    # Shells, their builtins and words: what follows is more shell.
    r"(ba|da|a|z|k|mk|pdk|c|tc|fi|r|rba|lk|y|ya|o)?sh|\.|:|\[|\[\[|!|source|eval|exec|command"
    r"|builtin|trap|alias|unalias|bind|break|caller|cd|compgen|complete|compopt|continue|coproc"
    r"|declare|dirs|disown|enable|export|bg|fg|fc|getopts|hash|help|history|jobs|kill|let|local"
    r"|logout|mapfile|readarray|popd|pushd|printf|read|readonly|return|set|shift|shopt|suspend"
    r"|test|times|type|typeset|ulimit|umask|unset|wait|if|then|else|elif|fi|case|esac|for|select"
    r"|while|until|do|done|in|function|time|nu|elvish|xonsh|pwsh|busybox|toybox|rbash"
    # Interpreters and debuggers: arguments are programs.
    r"|(python|pypy|perl|ruby|php|lua|luajit|tclsh|wish|guile|node)[\d.]*|nodejs|deno|bun"
    r"|R|Rscript|expect|java|jshell|ghci?|runghc|irb|julia|sbcl|clisp|racket|ocaml|scala|kotlin"
    r"|groovy|erl|elixir|iex|octave|bc|dc|m4|gdb|lldb|[gmn]?awk|original-awk|g?sed|psed"
    # Programs that run others.
    r"|sudo|sudoedit|doas|su|pkexec|runuser|env|nice|ionice|chrt|taskset|nohup|setsid|timeout"
    r"|stdbuf|xargs|parallel|watch|strace|ltrace|flock|unshare|nsenter|chroot|chpst|script"
    r"|systemd-\w+|at|batch|crontab|entr|rlwrap|proot|fakeroot|firejail|bwrap|screen|tmux"
    r"|byobu|setarch|linux32|linux64|prlimit|capsh|setpriv|sg|newgrp|valgrind|perf|hyperfine"
    r"|npx|uvx?|pipx|bunx|run-parts|start-stop-daemon|xdg-open|ld(-\S+)?\.so\S*|numactl|cgexec"
    r"|x?dotool|gnome-terminal|xterm|konsole|dbus-\S+|gdbus|busctl|watchexec|fzf|faketime|unbuffer"
    # Other machines.
    r"|ssh|slogin|scp|sftp|mosh|rsh|rsync|nc|ncat|netcat|socat|telnet|l?ftp"
    # Editors and pagers, which have commands of their own.
    r"|e?vim?|vimdiff|vim\.\w+|nvim|g?view|gvim|ex|ed|nano|pico|emacs(client)?|joe|micro|kak|hx"
    r"|helix|code|gedit|sensible-\w+|editor|less|more|most|pg|pager|man|info|lesspipe|bat(cat)?"
    # What speaks for the person.
    r"|alvod?|alvo-\w+"
)
"""Covered by no permission at all."""

EXACT: Final = re.compile(
    r"g?make|ninja|cmake|meson|just|rake|gradlew?|mvn|ant|bazel|scons|cargo|rustc|go|npm|yarn|pnpm"
    r"|pip[\d.]*|poetry|tox|nox|pytest|gcc|g\+\+|cc|c\+\+|clang|ld|docker|podman|buildah|kubectl"
    r"|helm|terraform|ansible\S*|vagrant|systemctl|service|journalctl|loginctl|u?mount|insmod"
    r"|modprobe|sysctl|ip|tar|bsdtar|cpio|zip|unzip|7z[ar]?|rar|sqlite3|psql|mysql|mongo|redis-cli"
    r"|gpg2?|openssl|git(-\S+)?|svn|hg|gh|curl|wget|aria2c|dd|tee|install|truncate|shred|split"
    r"|csplit|uniq|xxd|date|hostname|apt(-get)?|dpkg|dnf|yum|pacman|brew|snap|flatpak|aws|gcloud"
    r"|az|pandoc|latex|pdflatex|tex|convert|magick|ffmpeg|gs|fd(find)?|sendmail|mail|mailx|mutt"
    r"|nmap|tcpdump|iftop|top|htop|chmod|chown|ln|cp|mv|rm|rmdir|mkdir|touch|find|xclip|logger"
)
"""Covered word by word only, unless the table above has them: they run, write or send something."""
