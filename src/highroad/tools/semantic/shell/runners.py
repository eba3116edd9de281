"""Programs that run other programs, and what makes others do so.

A net for mistakes in a declaration, not a proof: gathered from manuals and from what GTFOBins lists
under "shell" and "command". What a program does by its settings, hooks or plugins is not in it.
"""

import re
from pathlib import PurePosixPath
from typing import Final

from highroad.tools.semantic.shell.program import Program

_NAMES: Final = """
    ash bash busybox cmd csh dash elvish fish ksh mksh nu powershell pwsh rbash sh tcsh toybox xonsh
    yash zsh

    at batch caffeinate capsh chpst chroot chrt cpulimit crontab dbus-run-session doas dtach
    eatmydata entr env envdir expect fakeroot firejail flock gosu hyperfine ionice linux32 linux64
    ltrace nice nohup nsenter numactl parallel perf pexec pkexec proot rlwrap run-parts runuser
    screen script setarch setpriv setsid softlimit ssh-agent start-stop-daemon stdbuf strace su
    su-exec sudo systemd-run taskset time timeout tmux torify torsocks unshare valgrind watch with
    xargs xvfb-run

    awk bpython bun clisp deno elixir erl gawk gdb ghci gjs groovy guile iex ipython irb java jjs
    jrunscript jshell julia lldb lua luajit mawk mono nawk node nodejs octave osascript pdb perl php
    pypy python r racket rscript ruby runhaskell scala sbcl tclsh ts-node wish
    cscript mshta rundll32 wscript

    ant bazel bundle cmake gem gmake gradle just make meson mvn ninja npx pipx rake sbt scons tox

    ed emacs ex info less man micro more most nano nvim pg pico rview rvim vi view vim vimdiff

    ansible ansible-playbook ftp lftp mosh mysql ncat nc netcat nmap psql rlogin rsh scp sed sftp
    socat sqlite3 ssh telnet vagrant
"""
_WHOLE: Final = frozenset(_NAMES.split())
"""That do so by their nature, or run what stands in an operand."""

_WORDS: Final = {
    "apt": "-o --option",
    "apt-get": "-o --option",
    "cargo": "bench build check doc fix install run test",
    "cpio": "--rsh-command",
    "curl": "-K --config",
    "docker": "build buildx compose create exec run start",
    "dpkg": "-i --install --pre-invoke --post-invoke",
    "find": "-exec -execdir -ok -okdir",
    "gcc": "-wrapper -fplugin -specs -B",
    "git": (
        "-c -O --config-env --exec --exec-path --ext-diff --extcmd --open-files-in-pager --paginate"
        " --receive-pack --upload-pack bisect config daemon difftool filter-branch help hook"
        " instaweb mergetool rebase send-email submodule web--browse"
    ),
    "go": "-exec -toolexec -vettool build env generate get install run test tool vet",
    "install": "-s --strip --strip-program",
    "ip": "-b -batch netns",
    "kubectl": "attach cp debug edit exec krew plugin run",
    "npm": (
        "add ci config create edit exec explore i init install install-test it publish rebuild"
        " restart run run-script set start stop t test update x --node-options --script-shell"
    ),
    "openssl": "-engine -provider engine",
    "pip": "download install wheel",
    "pnpm": "add create dlx exec i install run start test",
    "podman": "build compose create exec run start",
    "poetry": "add build install run shell",
    "rpm": "-E -e -i -U -F --eval --pipe",
    "rsync": "-e --rsh --rsync-path",
    "sort": "--compress-program",
    "split": "--filter",
    "tar": (
        "-F -I --checkpoint-action --info-script --new-volume-script --rmt-command --rsh-command"
        " --to-command --use-compress-program"
    ),
    "tcpdump": "-z",
    "uv": "add build pip run sync tool",
    "wget": "-e --execute --use-askpass",
    "yarn": "add create dlx exec install run start test",
    "zip": "-TT --unzip-command",
}
"""By program: the flags, options and subcommands with which it runs others."""

# `python3.11`, `bash5`, `gawk-5.1`, `cmd.exe`: a version or an ending makes no other program.
_VERSION: Final = re.compile(r"(?:[-_.]?[0-9][0-9.]*)?(?:\.(?:exe|com|bat|cmd))?$", re.IGNORECASE)


def refuse_runners(program: Program) -> None:
    """Let a program that runs others be allowed only where that was said.

    Raises:
        ValueError: It was not.
    """
    if program.runs_programs:
        return
    name = PurePosixPath(program.name).name.lower()
    names = {name, _VERSION.sub("", name)}
    risky = [word for each in names for word in _WORDS.get(each, "").split()]
    running = [word for word in program.words() if any(_is_form(word, of) for of in risky)]
    if names & _WHOLE or running:
        told = " ".join([program.name, *sorted(running)[:1]])
        raise ValueError(
            f"`{told}` runs other programs, so allowing it allows them all:"
            f" leave it out, or say Program(..., runs_programs=True)"
        )


def _is_form(word: str, option: str) -> bool:
    """Whether a program would take the word for the option: in full, or cut short as GNU's do."""
    return word == option or (word.startswith("--") and option.startswith(word))
