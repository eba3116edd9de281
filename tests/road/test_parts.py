"""Images and files in results: sealed apart, the same wherever the result comes from."""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field

import pytest

from highroad import Failed, File, Image, Json, Text, ToolContext, tool
from highroad.domain.error import LedgerError
from highroad.domain.label import Integrity, Label
from highroad.domain.payload import PayloadKind

pytestmark = pytest.mark.promise("P5")

PIXELS = b"\x89PNG canary-4711 pixels"
PAGES = b"%PDF canary-4711 pages"
IMAGE = Image(PIXELS, "image/png")
REPORT = File(PAGES, "application/pdf", "canary-4711.pdf")


@dataclass
class Answer:
    """A result with parts in its fields."""

    title: str
    chart: Image
    files: list[File] = field(default_factory=list)


ANSWER = Answer("canary-4711 title", IMAGE, [REPORT, REPORT])


@pytest.fixture
def draw(effects):
    """A tool with an unprotected effect that returns parts, once a gate lets it."""

    @tool(tier="reversible")
    async def draw(number: int) -> Answer:
        effects["body"] += 1
        await gates[0]()
        return ANSWER

    async def nothing():
        return None

    gates = [nothing]
    draw.gates = gates
    return draw


def data_of(outcome):
    return sorted(blob.data for blob in outcome.blobs)


def has_it_all(outcome, value=ANSWER):
    """Whether value and bytes are those that the body returned."""
    assert outcome.value == value
    assert not outcome.result_invalid
    assert data_of(outcome) == sorted([PIXELS, PAGES])
    assert "canary-4711 p" not in json.dumps(outcome.for_model())
    return True


async def test_a_result_with_parts_is_the_same_fresh_repeated_and_awaited(world, draw, effects):
    here = await world(draw).open()
    fresh = await here.call(draw, {"number": 1}, run="r")
    again = await here.call(draw, {"number": 1}, run="r")
    later = [await here.wait(each.call_id) for each in (fresh, again)]
    assert all(has_it_all(each) for each in (fresh, again, *later))
    assert {json.dumps(each.json) for each in (fresh, again, *later)} == {json.dumps(fresh.json)}
    assert {each.blobs for each in (again, *later)} == {fresh.blobs}
    assert again.is_repeated
    assert effects["body"] == 1


@pytest.mark.promise("P11")
async def test_it_is_the_same_after_a_restart(sqlite, draw, effects):
    here = await sqlite(draw).open()
    fresh = await here.call(draw, {"number": 1}, run="r")
    await here.runtime.close()
    await here.open()
    assert has_it_all(await here.wait(fresh.call_id))
    again = await here.call(draw, {"number": 1}, run="r")
    assert has_it_all(again)
    assert has_it_all(await here.wait(again.call_id))
    assert effects["body"] == 1


async def test_who_joins_gets_the_parts_too(world, draw, turns):
    gate = asyncio.Event()
    draw.gates[0] = gate.wait
    here = await world(draw).open()
    calls = [asyncio.ensure_future(here.call(draw, {"number": 1}, run="r")) for _ in range(3)]
    await turns()
    gate.set()
    outcomes = await asyncio.gather(*calls)
    assert all(has_it_all(each) for each in outcomes)
    for each in outcomes:
        assert has_it_all(await here.wait(each.call_id))


@pytest.mark.promise("P4")
async def test_a_call_that_people_agreed_to_brings_its_parts(world):
    @tool
    async def paint(number: int) -> Image:
        return IMAGE

    here = await world(paint).open()
    held = await here.call(paint, {"number": 1})
    await here.approve(held)
    assert (await here.wait(held.call_id)).unwrap() == IMAGE
    await here.reopen()
    assert (await here.wait(held.call_id)).unwrap() == IMAGE


async def test_a_body_gets_the_parts_of_a_call_from_inside(world, draw):
    @tool(tier="reversible")
    async def outer(context: ToolContext[None]) -> None:
        inner = (await context.call(draw, {"number": 1})).unwrap()
        seen.append(inner)

    seen = []
    here = await world(draw, outer).open()
    await here.call(outer, {})
    assert seen == [ANSWER]


@pytest.mark.parametrize(
    "returned",
    [IMAGE, [IMAGE, {"deep": REPORT}], {"a": Text("a"), "b": Json({"c": None})}],
    ids=str,
)
async def test_parts_come_back_where_no_type_names_them(world, returned):
    @tool(tier="reversible")
    async def draw(number: int) -> object:
        return returned

    here = await world(draw).open()
    fresh = await here.call(draw, {"number": 1}, run="r")
    for each in (await here.call(draw, {"number": 1}, run="r"), await here.wait(fresh.call_id)):
        assert each.value == fresh.value
        assert each.blobs == fresh.blobs
    assert fresh.json == each.json


# -- what is kept, and where -------------------------------------------------------------------


@pytest.mark.promise("P7")
async def test_each_part_is_a_payload_of_its_own_under_the_key_of_the_run(world, draw):
    here = await world(draw).open()
    outcome = await here.call(draw, {"number": 1}, run="r")
    end = await here.end_of(outcome)
    names = [f"{outcome.call_id}.part.{at}" for at in range(2)]
    assert [name for name, *_ in end["parts"]] == names
    assert [size for *_, size in end["parts"]] == [len(PIXELS), len(PAGES)]
    run_id = end["run"]
    for name, data in zip(names, (PIXELS, PAGES), strict=True):
        assert here.ledger.payloads[name].kind is PayloadKind.PART
        assert await here.services.ledger.vault.open(run_id, name) == data


@pytest.mark.promise("P7")
async def test_what_stands_for_a_part_in_the_ledger_lets_nobody_test_a_guess(world, draw):
    """The same bytes have another digest in every run, and none that anybody could compute."""
    here = await world(draw).open()
    ends = [
        await here.end_of(await here.call(draw, {"number": 1}, run=run)) for run in ("r", "another")
    ]
    first, second = ([digest for _, digest, _ in end["parts"]] for end in ends)
    assert not set(first) & set(second)
    plain = {hashlib.sha256(data).hexdigest() for data in (PIXELS, PAGES)}
    assert not plain & {*first, *second}
    told = json.dumps(await here.bodies())
    assert not any(digest in told for digest in plain)


@pytest.mark.promise("P7")
@pytest.mark.parametrize("tier", ["read", "reversible"])
async def test_nothing_of_a_part_stands_in_plain_in_the_ledger_file(sqlite, tmp_path, tier):
    @tool(tier=tier)
    async def draw(number: int) -> Answer:
        return ANSWER

    here = await sqlite(draw).open()
    for run in (None, "r", "r"):
        assert has_it_all(await here.call(draw, {"number": 1}, run=run))
    await here.runtime.flush()
    await here.runtime.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    assert b".part.1" in stored
    assert b"canary" not in stored
    assert b"image/png" not in stored
    for data in (PIXELS, PAGES):
        digest = hashlib.sha256(data)
        assert digest.hexdigest().encode() not in stored
        assert digest.digest() not in stored
    await here.open()


@pytest.mark.promise("P7")
async def test_a_repetition_stores_no_bytes_of_its_own(world, draw):
    here = await world(draw).open()
    first = await here.call(draw, {"number": 1}, run="r")
    again = await here.call(draw, {"number": 1}, run="r")
    assert "parts" not in await here.end_of(again)
    held = [name for name in here.ledger.payloads if ".part." in name]
    assert all(name.startswith(first.call_id) for name in held)


@pytest.mark.promise("P7")
async def test_bytes_that_were_erased_are_not_made_up(world, draw, effects):
    here = await world(draw).open()
    first = await here.call(draw, {"number": 1}, run="r")
    del here.ledger.payloads[f"{first.call_id}.part.1"]
    with pytest.raises(LedgerError, match="erased"):
        await here.wait(first.call_id)
    assert (await here.call(draw, {"number": 1}, run="r")).status == "refused"
    assert effects["body"] == 1


async def test_a_read_with_parts_is_kept_for_later_too(world):
    @tool(tier="read")
    async def look(number: int) -> Image:
        return IMAGE

    here = await world(look).open()
    outcome = await here.call(look, {"number": 1})
    assert (await here.wait(outcome.call_id)).unwrap() == IMAGE


# -- limits ------------------------------------------------------------------------------------


@pytest.mark.promise("P6")
@pytest.mark.parametrize("effect", ["unprotected", "repeatable"])
async def test_the_bytes_of_parts_count_towards_the_size_of_a_result(world, limits, effect):
    @tool(tier="reversible", effect=effect)
    async def paint(number: int) -> list[Image]:
        return [Image(bytes([at]) * 400, "image/png") for at in range(number)]

    here = await world(paint, limits=limits(result_bytes=2_000)).open()
    assert len((await here.call(paint, {"number": 2})).unwrap()) == 2
    outcome = await here.call(paint, {"number": 5}, run="r")
    if effect == "repeatable":
        assert isinstance(outcome, Failed)
        assert outcome.error.code == "result_too_large"
    else:
        assert (outcome.result_invalid, outcome.value, outcome.blobs) == (True, None, ())
        assert (await here.call(paint, {"number": 5}, run="r")).result_invalid
    assert not [name for name in here.ledger.payloads if name.startswith(f"{outcome.call_id}.part")]


async def test_the_same_bytes_twice_are_kept_and_counted_once(world, limits):
    @tool(tier="reversible")
    async def paint(number: int) -> list[Image]:
        return [Image(b"x" * 1_500, "image/png")] * number

    here = await world(paint, limits=limits(result_bytes=2_000)).open()
    outcome = await here.call(paint, {"number": 3})
    assert len(outcome.unwrap()) == 3
    assert len(outcome.blobs) == 1


@pytest.mark.promise("P7")
async def test_a_read_with_parts_is_not_cached_and_one_without_is(world, effects):
    @tool(tier="read", cache_s=60)
    async def look(number: int) -> Image | Text:
        effects[number] += 1
        return IMAGE if number == 1 else Text("a")

    here = await world(look).open()
    outcomes = [await here.call(look, {"number": number}) for number in (1, 1, 2, 2)]
    assert [each.is_cached for each in outcomes] == [False, False, False, True]
    assert [each.value for each in outcomes] == [IMAGE, IMAGE, Text("a"), Text("a")]
    assert effects == {1: 2, 2: 1}


# -- results that lie --------------------------------------------------------------------------


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    "wrong", [{"media_type": None}, {"name": 5}, {"digest": ["a"]}, {"digest": {}}], ids=str
)
async def test_json_that_looks_like_a_part_cannot_undo_a_call(world, wrong):
    """A stranger's JSON, in the same result as the bytes to whose digest it refers."""
    form = {
        "type": "file",
        "digest": hashlib.sha256(PAGES).hexdigest(),
        "media_type": "application/pdf",
        "size": 1,
        "name": "a.pdf",
        **wrong,
    }

    @tool(tier="reversible")
    async def fetch(number: int) -> list[object]:
        return [REPORT, form]

    here = await world(fetch).open()
    outcome = await here.call(fetch, {"number": 1}, run="r")
    assert outcome.unwrap() == [REPORT, form]
    assert (await here.call(fetch, {"number": 1}, run="r")).unwrap() == [REPORT, form]


async def test_json_that_refers_to_bytes_that_are_not_there_stays_json(world):
    form = {"type": "image", "digest": "0" * 64, "media_type": "image/png", "size": 1}

    @tool(tier="reversible")
    async def fetch(number: int) -> object:
        return [form, IMAGE]

    here = await world(fetch).open()
    assert (await here.call(fetch, {"number": 1}, run="r")).unwrap() == [form, IMAGE]


@pytest.mark.promise("P3")
async def test_bytes_of_a_result_that_breaks_its_type_are_not_kept_as_parts(world):
    @tool(tier="reversible")
    async def paint(number: int) -> Image:
        return [IMAGE]

    here = await world(paint).open()
    outcome = await here.call(paint, {"number": 1}, run="r")
    assert outcome.result_invalid
    assert outcome.blobs == ()
    assert (await here.call(paint, {"number": 1}, run="r")).result_invalid


@pytest.mark.promise("P9")
async def test_labels_speak_for_parts_as_well(world):
    @tool(tier="reversible", labels={"/chart": Label(Integrity.SYSTEM)})
    async def draw(number: int) -> Answer:
        return ANSWER

    here = await world(draw).open()
    fresh = await here.call(draw, {"number": 1}, run="r")
    assert (await here.call(draw, {"number": 1}, run="r")).labels == fresh.labels
