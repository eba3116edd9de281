"""ARCHITECTURE.md tells of the road, the rooms and the files that there are."""

import re
import tomllib

from highroad.pipeline.drive import ROAD

FILE = re.compile(r"`([a-z_/]+(?:\.py|/))`")
ROOM = re.compile(r"\(?([a-z_]+)\)?")


def test_the_stages_are_those_of_the_road_in_their_order(page_of, rows_of):
    told = [row[0].strip("`") for row in rows_of(page_of("ARCHITECTURE.md").under("## The road"))]
    assert told == [*(stage.name for stage in ROAD), "finish"]


def test_every_file_that_is_named_is_there(page_of, repository):
    source = repository / "src" / "highroad"
    for name in FILE.findall(page_of("ARCHITECTURE.md").text):
        places = (source / name, source / "pipeline" / name, repository / name)
        assert any(place.exists() for place in places), name


def test_the_layers_are_those_that_are_enforced(page_of, repository):
    with (repository / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    rooms = [room for layer in layers for room in ROOM.findall(layer)]
    there = [room for room in rooms if is_room(repository / "src" / "highroad", room)]
    diagram = next(
        block.text for block in page_of("ARCHITECTURE.md").blocks if block.language == "text"
    )
    told = [room for line in diagram.splitlines() for room in line[:40].strip().split(" · ")]
    assert told == there


def is_room(source, name):
    return (source / name).is_dir() or (source / f"{name}.py").exists()
