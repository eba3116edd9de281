"""What the hosts' environments are made of: newest versions, locked, ours among them."""

import re
import subprocess
import tomllib
from dataclasses import replace

import pytest
from scripts.hosts import HOSTS, NODE

PINNED = re.compile(
    r"^([\w.-]+)==([^ ]+)([^\\]*)\\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
WANTED = re.compile(r"^([\w.-]+)", re.MULTILINE)


def pinned(lock):
    """Versions of a lock by name; some depend on the machine."""
    found = {}
    for name, version, marker, _ in PINNED.findall(lock):
        found.setdefault(name, set()).add((version, marker.strip()))
    return found


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_has_what_its_extra_names_and_the_core_that_users_get(name, repository):
    locked = pinned(HOSTS[name].locked.read_text("utf-8"))
    core = pinned((repository / "requirements" / "core.txt").read_text("utf-8"))
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"][name]]
    wanted += HOSTS[name].locked.with_suffix(".in").read_text("utf-8").splitlines()
    names = {WANTED.match(line)[1] for line in wanted if not line.startswith("#")}
    assert names <= locked.keys()
    assert {each: locked[each] for each in core} == core


@pytest.mark.parametrize("name", HOSTS)
def test_a_lock_has_every_hash_and_no_address(name):
    text = HOSTS[name].locked.read_text("utf-8")
    assert PINNED.sub("", text) == ""
    assert "://" not in text


def test_the_lock_for_node_has_every_hash_and_no_address():
    text = (NODE.locked / "package-lock.json").read_text("utf-8")
    assert "://" not in text
    assert text.count('"integrity"') == text.count('"node_modules/')


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_runs_highroad_of_this_checkout(name, host, repository):
    script = "import highroad; print(highroad.__file__)"
    python = host(name).interpreter
    done = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(repository / "src" / "highroad" / "__init__.py")


def test_the_command_is_there_where_the_host_is(host):
    done = subprocess.run(
        [host("pydantic-ai").programs / "highroad", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_an_environment_whose_lock_has_changed_is_not_taken_for_built(host, tmp_path):
    built = host("pydantic-ai")
    changed = tmp_path / "changed.txt"
    changed.write_text(built.locked.read_text("utf-8") + "\n", "utf-8")
    assert not replace(built, locked=changed).is_built
