"""`highroad --help` knows every command and pays for none."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from highroad.cli.app import COMMANDS, app, home_of
from highroad.cli.exits import ExitCode
from highroad.domain.version import VERSION

_AFTER_HELP = """
import sys
sys.argv = ["highroad", "--help"]
from highroad.cli import main
try:
    main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


def test_help_lists_every_command_with_its_line():
    result = CliRunner().invoke(app, ["--help"])

    assert result.exit_code == ExitCode.COMPLETED
    for name, line in COMMANDS.items():
        assert name in result.output
        assert line in result.output


def test_help_states_the_exit_codes():
    output = " ".join(CliRunner().invoke(app, ["--help"]).output.split())

    for code in ExitCode:
        assert f"{code} {code.name.lower()}" in output


def test_help_loads_no_command_and_nothing_that_one_would_need():
    done = subprocess.run(
        [sys.executable, "-c", _AFTER_HELP], capture_output=True, text=True, check=True
    )

    loaded = set(done.stderr.split())
    assert "typer" in loaded, "the names of the loaded modules were not read"
    assert loaded.isdisjoint(home_of(name) for name in COMMANDS)
    assert {name.partition(".")[0] for name in loaded}.isdisjoint(
        {"apsw", "cel", "cryptography", "pydantic"}
    )


@pytest.mark.parametrize("name", ["runs", "store"])  # without a callback of its own, and with one
def test_a_command_that_is_not_whole_lists_how_it_goes_on(name):
    result = CliRunner().invoke(app, [name])

    assert result.exit_code == ExitCode.USAGE
    assert "Commands" in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    command = typer.main.get_command(import_module(home_of(name)).app)

    assert command.help
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == ExitCode.COMPLETED


@pytest.mark.parametrize(
    "line", [["calll"], ["call"], ["explain"], ["tools", "show"], ["call", "get_order", "--x"]]
)
def test_a_wrong_command_line_is_a_usage_error(line):
    assert CliRunner().invoke(app, line).exit_code == ExitCode.USAGE


def test_the_version_is_printed():
    done = CliRunner().invoke(app, ["--version"])

    assert (done.exit_code, done.output.strip()) == (ExitCode.COMPLETED, VERSION)


def test_a_near_miss_is_answered_with_the_command_that_was_meant():
    assert "Did you mean 'call'?" in CliRunner().invoke(app, ["calll"]).output
