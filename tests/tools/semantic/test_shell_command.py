"""A command line is words to every shell, and each program is called as it was declared."""

import subprocess
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.error import ToolError
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.semantic import Program, SafePath, ShellCommand, ShellWord
from highroad.tools.semantic.shell.words import words_of
from highroad.tools.validate import check_arguments

NUMBER = ShellWord(pattern=r"\d{1,3}")
LOG = Program(
    "log",
    flags={"--oneline"},
    options={"-n": NUMBER, "--author": ShellWord()},
    operands=ShellWord(slashes=True),
    most_operands=2,
)
GIT = Program("git", subcommands=["status", "branch", LOG], flags={"--short"})
COMMAND = ShellCommand(allow=[GIT, Program("ls", operands=SafePath("/srv/docs"))])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ls", ["ls"]),
        ("  ls\t a  b ", ["ls", "a", "b"]),
        ("ls 'a b' \"c d\"", ["ls", "a b", "c d"]),
        ("ls a' 'b\" \"c", ["ls", "a b c"]),
        ("ls '$HOME' '`id`' 'a\"b' \"a'b\"", ["ls", "$HOME", "`id`", 'a"b', "a'b"]),
        ("git log --author=ann -n 5 main", ["git", "log", "--author=ann", "-n", "5", "main"]),
        ("git log --author='ann'", ["git", "log", "--author=ann"]),
        ("git status --short", ["git", "status", "--short"]),
    ],
)
def test_the_words_are_those_that_a_shell_would_pass_on(text, words):
    assert COMMAND.argv(text) == words


def test_words_of_a_refused_command_are_not_given():
    with pytest.raises(ToolError) as caught:
        COMMAND.argv("ls zqxjkv; id")
    assert caught.value.code == "command_refused"
    assert "zqxjkv" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("ls | sh", "nothing that a shell would expand"),
        ("ls naïve", "in quotes where they are not plain ASCII"),
        ("rm x", "one of the programs git, ls"),
        ("git push", "git status [--short]; git branch [--short]; git log [--oneline]"),
        ("git", "git status [--short]"),
        ("git -c a=b status", "git status [--short]"),
        ("git log --all", "git log [--oneline] [--author VALUE] [-n VALUE] [OPERAND ...]"),
        ("git log -n", "[-n VALUE]"),
        ("git log a b c", "[OPERAND ...]"),
        ("git log 'a b'", "an OPERAND being one word"),
        ("git status x", "git status [--short]"),
        ("git --short status", "git status [--short]"),
        ("ls ../x", "an OPERAND being a path below /srv/docs"),
    ],
)
def test_a_refusal_says_what_would_be_right(text, form):
    assert form in COMMAND.objection(text)


@pytest.mark.parametrize(
    "text",
    [
        "git log --author",
        "git log --author=",
        "git log --author=-x",
        "git log --author -x",
        "git log --auth=ann",
        "git log --oneline=1",
        "git log --onel",
        "git log -n5",
        "git log -n=5",
        "git log -n x",
        "git log --",
        "git log -",
        "git log +x",
        "git log @x",
    ],
)
def test_options_are_taken_as_they_were_declared_and_in_no_other_form(text):
    assert COMMAND.objection(text) is not None


def test_the_value_of_an_option_is_no_option_whatever_its_type_takes():
    listing = ShellCommand(allow=[Program("tar", options={"-f": SafePath("/srv/docs")})])
    assert listing.objection("tar -f a.tar") is None
    for text in ("tar -f --to-command", "tar -f -I", "tar -f '-I'", "tar -f @list", "tar -f"):
        assert listing.objection(text) is not None


def test_a_subcommand_of_its_own_rules_takes_none_of_the_programs():
    assert COMMAND.objection("git log --short") is not None
    assert COMMAND.objection("git branch --oneline") is not None


@pytest.mark.parametrize(
    "program",
    [
        Program("sh"),
        Program("/bin/bash"),
        Program("BASH"),
        Program("bash.exe"),
        Program("python3"),
        Program("python3.11"),
        Program("gawk-5.1"),
        Program("env"),
        Program("xargs"),
        Program("sudo"),
        Program("ssh"),
        Program("sqlite3"),
        Program("sed"),
        Program("find", flags={"-exec"}),
        Program("find", options={"-execdir": ShellWord()}),
        Program("git", flags={"-c"}),
        Program("git", options={"--upload-pack": ShellWord()}),
        Program("git", options={"--upload": ShellWord()}),
        Program("git", subcommands=["status", "bisect"]),
        Program("git", subcommands=[Program("rebase")]),
        Program("git", subcommands=[Program("fetch", options={"--upload-pack": ShellWord()})]),
        Program("tar", options={"--to-command": ShellWord()}),
        Program("tar", flags={"-I"}),
        Program("sort", options={"--compress-program": ShellWord()}),
        Program("docker", subcommands=["run"]),
    ],
    ids=lambda program: program.usage(),
)
def test_what_runs_other_programs_is_allowed_only_where_that_is_said(program):
    with pytest.raises(ValueError, match=r"runs other programs.*runs_programs=True"):
        ShellCommand(allow=[program])


def test_what_runs_other_programs_is_allowed_where_that_is_said():
    meant = Program("find", flags={"-exec"}, operands=ShellWord(), runs_programs=True)
    assert ShellCommand(allow=[meant]).objection("find x -exec id") is None


def test_a_program_that_only_sounds_like_a_runner_is_allowed():
    for program in (Program("shasum"), Program("envsubst"), Program("go", subcommands=["version"])):
        assert ShellCommand(allow=[program]).programs == {program.name: program}


@pytest.mark.parametrize("name", ["", "git log", "-x", "A=b", "a;b"])
def test_programs_and_subcommands_are_named_by_a_word(name):
    with pytest.raises(ValueError, match="named by a word"):
        Program(name)
    with pytest.raises(ValueError, match="named by a word"):
        Program("git", subcommands=[name])


@pytest.mark.parametrize("word", ["", "all", "--n=5", "-a b"])
def test_flags_and_options_are_words_that_begin_with_a_dash(word):
    with pytest.raises(ValueError, match="words that begin with -"):
        Program("git", flags={word})
    with pytest.raises(ValueError, match="words that begin with -"):
        Program("git", options={word: NUMBER})


def test_an_option_takes_a_value_or_does_not():
    with pytest.raises(ValueError, match="either takes a value or does not"):
        Program("git", flags={"-n"}, options={"-n": NUMBER})


def test_programs_are_allowed_once_each_and_there_are_some():
    for allow in ([], [GIT, Program("git")]):
        with pytest.raises(ValueError, match="each once"):
            ShellCommand(allow=allow)


def test_subcommands_are_several():
    with pytest.raises(TypeError, match="subcommands are several"):
        Program("git", subcommands="status")


def passed_on(shell, text, folder):
    done = subprocess.run(
        [shell, "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True, cwd=folder
    )
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Somewhere that globs would find something."""
    folder = tmp_path_factory.mktemp("folder")
    for name in ("a", "b", "ls", "x=y", "-n"):
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_real_shell_reads_what_is_ordinary_as_we_do(shell, folder, entries):
    for line in entries("ordinary_shell_commands.txt"):
        assert passed_on(shell, line, folder) == words_of(line), line


SIGNS = (
    "a ls -n x=y * ? [a] ~ {a,b} $HOME ${IFS} $(id) `id` ' \" \\ ; & | < > ( ) # ! ^ % = , : @ + é"
)
QUOTED = ["'a b'", '"a b"', "''", '""', "'$x'", '"\'"', "'\"'"]
SCRAPS = st.sampled_from([*SIGNS.split(), *QUOTED, "\t", "\n", "  ", "\\\n", "\xa0", "\uff41"])


@given(text=st.lists(SCRAPS, max_size=8).map(" ".join) | st.lists(SCRAPS).map("".join))
def test_a_real_shell_reads_what_passes_as_we_do(text, folder):
    words = words_of(text)
    if words is not None:
        for shell in ("sh", "bash"):
            assert passed_on(shell, text, folder) == words


@tool(tier="read")
def run(command: Annotated[str, COMMAND]) -> None:
    """Run a command."""
    raise AssertionError(command)


def test_it_stands_in_the_schema_and_in_the_way_of_a_call():
    ready = compile_tool(run)
    told = ready.definition.input_schema["properties"]["command"]["description"]
    assert "Allowed: git status [--short]; git branch [--short]; git log" in told
    checked = check_arguments(ready, {"command": "ls; id"})
    assert isinstance(checked, Invalid)
    assert [each.code for each in checked.problems] == ["shell_command"]
