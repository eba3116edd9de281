"""`highroad demo`, as a new user starts it."""

import subprocess
import sys
from pathlib import Path

import pytest

from highroad.cli import demo as command
from highroad.cli.exits import ExitCode
from highroad.demo.chapters import CHAPTERS
from highroad.demo.home import Home
from highroad.demo.story import Beat, Chapter, Claim

pytestmark = pytest.mark.usefixtures("visitor")


def highroad(*line):
    return subprocess.run(
        [sys.executable, "-c", "from highroad.cli import main; main()", *line],
        capture_output=True,
        text=True,
        check=False,
    )


def test_in_an_empty_folder_everything_holds_twice_in_a_row():
    for _ in range(2):
        done = highroad("demo")

        assert done.returncode == ExitCode.COMPLETED, done.stdout + done.stderr
        assert "all hold" in done.stdout
        for chapter in CHAPTERS:
            assert chapter.title in done.stdout


def test_piped_it_is_plain_and_fits_eighty_columns():
    printed = highroad("demo", "--chapter", "read").stdout

    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_a_terminal_without_the_letters_for_it_is_served_all_the_same(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    done = highroad("demo", "--chapter", "record")

    assert done.returncode == ExitCode.COMPLETED, done.stderr
    assert "all hold" in done.stdout


def test_afterwards_the_folder_is_the_users(run):
    highroad("demo", "--chapter", "read")

    done = run("call", "get_order", '{"order_id": "ORD-000042"}')

    assert done.code == ExitCode.COMPLETED, done.err
    assert done.json["status"] == "paid"


@pytest.mark.parametrize("wanted", ["2", "malformed"])
def test_one_chapter_is_told_alone(run, wanted):
    told = run("demo", "--chapter", wanted, "--json").json

    assert [chapter["name"] for chapter in told["chapters"]] == ["malformed"]
    assert told["holds"] is True


def test_each_telling_begins_with_the_shop_as_it_was(run):
    for _ in range(2):
        run("demo", "--chapter", "refund")

        assert Home.under(Path.cwd()).shop.count("refunds") == 1


def test_a_folder_that_cannot_be_used_is_told(run):
    Path("taken").write_text("", "utf-8")

    done = run("demo", "--folder", "taken")

    assert done.code == ExitCode.USAGE
    assert "--folder" in done.err


def test_a_chapter_that_there_is_not_is_told(run):
    done = run("demo", "--chapter", "epilogue")

    assert done.code == ExitCode.USAGE
    assert "1 read" in done.err


def test_the_shop_goes_where_it_is_told_to(run, tmp_path):
    run("demo", "--chapter", "read", "--folder", str(tmp_path / "elsewhere"))

    assert (tmp_path / "elsewhere" / "highroad.toml").exists()
    assert not Path("highroad.toml").exists()


def test_a_claim_that_does_not_hold_makes_it_fail(run, monkeypatch):
    async def lie(stage):
        yield Beat(tried="A lie.", status="done", why="", claims=(Claim("2 + 2 = 5", holds=False),))

    lies = ((1, Chapter(name="lie", title="A lie", tell=lie)),)
    monkeypatch.setattr(command, "chosen", lambda _: lies)

    done = run("demo")

    assert done.code == ExitCode.INTERNAL
    assert "NOT SO: 2 + 2 = 5" in done.out
    assert "1 of 1 claims do not hold" in done.out
