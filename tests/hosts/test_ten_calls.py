"""The same ten calls by any door leave the same record (P1), field by field."""

import copy
import json
import os
import subprocess
import sys

import pytest
from comparison import IDS, KEYED, PAYLOADS, TIMES, comparable, differences, entries_of
from effects import EFFECTS
from foreign import as_by_client, in_another_run
from ten_calls import ALL, OURS

pytestmark = pytest.mark.promise("P1")

DOORS = {
    "agent": None,
    "langgraph": "langgraph",
    "openai_agents": "openai-agents",
    "pydantic_ai": "pydantic-ai",
    "mcp": "mcp",
    "mcp_otherwise": "mcp",
}
"""Each door, and the host behind it, by whose name it stands in the record; `None` is our own."""
NIGHTLY = {"mcp_otherwise"}
"""Those that leave what another one leaves, by another way through the same host."""

OF_DOORS = {
    "agent": {
        "asked_by": "the model request that it answers, which is on record too",
        "position": "among the calls of that reply",
        "delegation": "that it came through an agent of ours, whose scope is held against it",
        "new_run": "its run began with an entry of its own",
    },
}
"""Fields that entries of one door have, or lack, besides those of all."""
OF_HOSTS = {"definition": "the host's own tool, whose schema the host wrote, is another one"}
"""Fields that differ by every door of a host; not where the tool is one of ours (`OURS`)."""
OWN_SCOPE = "delegate.clerk."
"""Begins the rules by which the scope of an agent of ours permits a call."""
READ_BEFORE = {"langgraph", "mcp", "mcp_otherwise"}
"""Hosts that hand arguments over read: refused ones are kept as such, and no more as written."""

OTHERWISE = {
    # A run of our own agent that is done is not begun anew: resuming it makes no call.
    ("agent", "replayed"): "good",
    # These hosts answer a name that they do not know themselves, so nothing reaches the road.
    ("langgraph", "no_such_tool"): None,
    ("openai_agents", "no_such_tool"): None,
}
"""Where a door leaves another record: that of which scene, or none."""
OWN_WORDS = {
    # The host answers its model itself, and the call is put on record beside that.
    ("pydantic_ai", "no_such_tool"): "Unknown tool name",
}
"""Where a model is told of the end of a call in the words of its host."""


def scenes_of(door):
    """Those that it plays: behind MCP is always the tool of a server."""
    return [name for name in ALL if name != OURS or DOORS.get(door) != "mcp"]


def played(place, repository, name, environment):
    """Play the scenes of a door, in an environment; gives what the model read."""
    python = sys.executable if environment is None else environment.interpreter
    variables = {
        each: os.environ[each] for each in ("PATH", "LANG", "TMPDIR") if each in os.environ
    }
    done = subprocess.run(
        [python, repository / "tests" / "hosts" / "drive.py", name, place, *scenes_of(name)],
        cwd=place,
        env=variables | {"HOME": str(place), "PYTHONPATH": str(repository / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def by_no_host(tmp_path_factory, repository):
    """What a program leaves that hands its model's calls to `runtime.call`."""
    place = tmp_path_factory.mktemp("python")
    return place, played(place, repository, "python", None)


def record_of(door, place):
    """The comparable record of a scene, without what only that door's has."""
    left_out = set(OF_DOORS.get(door, ()))
    if DOORS[door] is not None and place.name != OURS:
        left_out |= OF_HOSTS.keys()
    entries = comparable(entries_of(place))
    for body in entries:
        for name in left_out:
            body.pop(name, None)
        if "rules" in body:
            body["rules"] = [rule for rule in body["rules"] if not rule.startswith(OWN_SCOPE)]
        if door in READ_BEFORE and body.get("status") == "refused" and "arguments" in body:
            body["arguments"][-1] = "size"
    return entries


def endings(place):
    return [body for body in entries_of(place) if body["kind"] == "call.ended"]


@pytest.mark.parametrize("name", ALL)
def test_without_a_host_the_calls_end_as_they_should(name, by_no_host):
    place, read = by_no_host
    scene, ends = ALL[name], endings(place / name)
    assert tuple(body["status"] for body in ends) == scene.statuses
    assert tuple(body["code"] for body in ends) == scene.codes
    assert effects(place / name) == scene.effects
    assert scene.told in read[name][-1]  # as data (P5)


def effects(place):
    world = place / EFFECTS
    return len(world.read_text("utf-8").splitlines()) if world.exists() else 0


def expected_of(door, place):
    """What a door should leave, by what was left without a host."""
    entries = record_of(door, place)
    if DOORS[door] != "mcp":
        return entries
    entries = as_by_client(entries)
    return in_another_run(entries) if ALL[place.name].is_begun_anew else entries


@pytest.mark.parametrize(
    "door",
    [pytest.param(door, marks=[pytest.mark.nightly] * (door in NIGHTLY)) for door in DOORS],
)
def test_the_same_calls_leave_the_same_record_by_every_door(
    door, by_no_host, host, repository, tmp_path
):
    environment = None if DOORS[door] is None else host(DOORS[door])
    read = played(tmp_path, repository, door, environment)
    found = {}
    for name in scenes_of(door):
        scene, like = ALL[name], OTHERWISE.get((door, name), name)
        theirs = record_of(door, tmp_path / name)
        if like is None:
            assert theirs == [], name
            continue
        ours = expected_of(door, by_no_host[0] / like)
        found[name] = list(differences(ours, theirs))
        assert effects(tmp_path / name) == scene.effects, name
        if like == name:
            assert OWN_WORDS.get((door, name), scene.told) in read[name][-1], name
    assert not any(found.values()), json.dumps(found, indent=1)
    told = {
        body["door"] for name in found for body in entries_of(tmp_path / name) if "door" in body
    }
    assert told == {DOORS[door] or door}


# -- the comparison itself ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["held", "rejected", "over_budget", "unknown", "replayed"])
def test_the_comparison_sees_every_field_that_changes_but_those_it_excepts(name, by_no_host):
    entries = entries_of(by_no_host[0] / name)
    record = comparable(entries)
    seen = [at for at in leaves(entries) if not is_excepted(entries, at)]
    assert len(seen) > 50
    for at in seen:
        assert list(differences(record, comparable(with_another(entries, at)))), at


def test_the_comparison_sees_that_two_calls_no_longer_have_the_same_key(by_no_host):
    entries = entries_of(by_no_host[0] / "replayed")
    keys = [at for at in leaves(entries) if at[-1] == "key"]
    assert len(keys) > 1
    other = with_another(entries, keys[-1])
    assert list(differences(comparable(entries), comparable(other)))


def is_excepted(entries, at):
    """Whether the leaf is one that no other ledger has."""
    name = next(key for key in reversed(at) if isinstance(key, str))
    value, around = inner(entries, at), inner(entries, at[:-1])
    if name in {"door", "trace", *TIMES, *KEYED} or (name, at[-1]) == ("sources", 2):
        return True
    if name in PAYLOADS and at[-1] == 1:
        return True
    is_figure = name == "stages" and at[-1] == len(around) - 1
    return is_figure or (isinstance(value, str) and IDS.search(value) is not None)


def leaves(value, at=()):
    """Where each leaf of a record stands."""
    if isinstance(value, dict | list) and value:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*at, key))
    else:
        yield at


def inner(value, at):
    """What stands there."""
    for key in at:
        value = value[key]
    return value


def with_another(entries, at):
    """The same entries, one leaf of which is changed."""
    made = copy.deepcopy(entries)
    value, around = inner(made, at), inner(made, at[:-1])
    if isinstance(value, bool) or value is None:
        around[at[-1]] = not value
    elif isinstance(value, int | float):
        around[at[-1]] = value + 1
    else:
        around[at[-1]] = "another"
    return made
