"""Readers of a label are a right: by whatever way a result comes, who is none of them sees none."""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import pytest

from highroad import Answer, Image, Principal, ToolContext, tool
from highroad.domain.label import Integrity, Label
from highroad.settings import load

pytestmark = pytest.mark.promise("P7")

HR = Principal("ann", roles={"hr"}, authenticated=True)
CLERK = Principal("alice", authenticated=True)
BOTH = pytest.mark.parametrize("order", [(CLERK, HR), (HR, CLERK)])
SALARY, MEMO = 71_093, "She asked for a year off."
FOR_HR = Label(Integrity.SYSTEM, frozenset({"hr"}))


@dataclass(frozen=True)
class Person:
    id: str
    salary: Annotated[int, FOR_HR]
    memo: Annotated[str, FOR_HR]


def people(body=None, **options):
    @tool(**{"tier": "read", **options})
    async def get_person(id: str) -> Person:  # noqa: A002 - as people have it
        """Read what is known of somebody."""
        return await body(id) if body else Person(id, SALARY, MEMO)

    return get_person


ASKED = {"id": "P-1"}


def sees(outcome):
    """Whether an outcome has what is for readers alone: all of it, or nothing."""
    told = repr(outcome) + json.dumps(outcome.for_model())
    found = {str(SALARY) in told, MEMO in told}
    assert len(found) == 1
    return found.pop()


def configured(text):
    Path("highroad.toml").write_text(text)
    return load(Path.cwd(), {})


@pytest.fixture
def opened(world):
    async def opened(*tools, text="", **parts):
        return await world(*tools, settings=configured(text), **parts).open()

    return opened


async def test_who_is_no_reader_sees_a_mask_of_the_same_type_and_is_told(opened):
    here = await opened(read := people())
    outcome = await here.call(read, ASKED, principal=CLERK)
    assert outcome.value == Person("P-1", 0, "[confidential]")
    assert outcome.json == {"id": "P-1", "salary": 0, "memo": "[confidential]"}
    assert "You may not read /memo, /salary" in outcome.warnings[0]
    assert not sees(outcome)


@pytest.mark.parametrize(
    "reader", [HR, Principal("hr"), Principal("zoe", roles={"x", "hr"}), "opaque"]
)
async def test_a_reader_is_named_by_role_id_or_opaque_id(opened, reader):
    if reader != "opaque":
        here = await opened(read := people())
        outcome = await here.call(read, ASKED, principal=reader)
    else:
        here = await opened()
        label = Label(readers=frozenset({here.services.ledger.keyring.opaque(CLERK)}))
        read = people(labels={"/salary": label, "/memo": label})
        await here.reopen(read)
        outcome = await here.call(read, ASKED, principal=CLERK)
    assert sees(outcome)
    assert not outcome.warnings


async def test_the_record_has_all_of_it_and_says_how_much_was_hidden_and_from_whom_never(opened):
    here = await opened(read := people())
    for who, note in ((CLERK, "readers: hid 2"), (HR, 'readers: shown ["/memo","/salary"]')):
        end = await here.end_of(await here.call(read, ASKED, principal=who))
        assert [line[3] for line in end["stages"] if line[0] == "finish"] == [note]
    told = json.dumps(await here.bodies())
    assert MEMO not in told
    assert '"hr"' not in told


@BOTH
async def test_of_a_kept_result_each_sees_what_is_theirs(opened, order):
    here = await opened(read := people(cache_s=60, cache_public=True))
    outcomes = [await here.call(read, ASKED, principal=who) for who in order]
    assert outcomes[1].is_cached
    assert [sees(each) for each in outcomes] == [who is HR for who in order]


@BOTH
async def test_of_a_repeated_result_each_sees_what_is_theirs(opened, order):
    """Roles are no part of a key, so a caller may have lost one, or have a new one."""
    here = await opened(write := people(tier="reversible"))
    outcomes = [
        await here.call(write, ASKED, principal=replace(who, id="one"), key="k") for who in order
    ]
    assert outcomes[1].is_repeated
    assert [sees(each) for each in outcomes] == [who is HR for who in order]


@BOTH
async def test_of_calls_that_are_answered_by_one_each_sees_what_is_theirs(opened, order):
    go = asyncio.Event()

    async def body(id):  # noqa: A002 - as people have it
        await go.wait()
        return Person(id, SALARY, MEMO)

    here = await opened(write := people(body, tier="reversible"))
    calls = [
        asyncio.ensure_future(here.call(write, ASKED, principal=replace(who, id="one"), key="once"))
        for who in order
    ]
    for _ in range(100):  # both are on their way
        await asyncio.sleep(0)
    go.set()
    outcomes = await asyncio.gather(*calls)
    assert outcomes[1].is_repeated
    assert [sees(each) for each in outcomes] == [who is HR for who in order]


@pytest.mark.parametrize("who", [CLERK, HR])
async def test_what_is_read_back_shows_what_was_seen_then(opened, who):
    """From memory, and in a process that begins anew."""
    here = await opened(write := people(tier="reversible"))
    outcome = await here.call(write, ASKED, principal=who)
    assert sees(await here.wait(outcome.call_id)) is (who is HR)
    await here.reopen()
    again = await here.wait(outcome.call_id)
    assert again.json == outcome.json
    assert sees(again) is (who is HR)


async def test_who_was_no_reader_is_none_by_a_contract_that_says_less_since(opened):
    """And who was one of two labels is none of the third."""
    here = await opened(write := people(tier="reversible"))
    outcome = await here.call(write, ASKED, principal=HR)
    stricter = people(tier="reversible", labels={"/id": Label(readers=frozenset({"hr"}))})
    await here.reopen(stricter)
    again = await here.wait(outcome.call_id)
    assert again.json == {"id": "[confidential]", "salary": SALARY, "memo": MEMO}


@tool(tier="read")
def unrelated() -> str:
    return ""


@pytest.mark.parametrize("left", [people(tier="reversible", version="2"), unrelated])
async def test_under_labels_that_are_gone_nobody_is_shown_what_was_hidden(opened, left):
    """With its version goes what it said of readers; the record says that some were."""
    here = await opened(write := people(tier="reversible", version="1"))
    outcome = await here.call(write, ASKED, principal=CLERK)
    await here.reopen(left)
    again = await here.wait(outcome.call_id)
    assert not sees(again)
    assert list(again.json.values()) == ["[confidential]", 0, "[confidential]"]
    assert all(key.startswith("[confidential]") for key in again.json)


async def test_a_deferred_result_is_seen_by_whom_it_was_called_for(opened):
    tokens = {}

    @tool(tier="reversible")
    async def get_person(id: str, context: ToolContext) -> Person:  # noqa: A002
        """Read what is known of somebody, later."""
        tokens[context.call_id] = context.completion_token
        return context.defer(expires_s=3_600)

    here = await opened(get_person)
    for who in (CLERK, HR):
        held = await here.call(get_person, ASKED, principal=who, key=who.id)
        late = {"id": "P-1", "salary": SALARY, "memo": MEMO}
        done = await here.runtime.complete(held.call_id, tokens[held.call_id], late)
        for outcome in (done, await here.wait(held.call_id)):
            assert sees(outcome) is (who is HR)


async def test_what_stands_in_for_a_result_is_labelled_as_that_is(opened):
    async def body(_):
        raise ConnectionError

    here = await opened(
        read := people(body, attempts=1, fallback=Answer(Person("P-0", SALARY, MEMO)))
    )
    assert not sees(await here.call(read, ASKED, principal=CLERK))
    assert sees(await here.call(read, ASKED, principal=HR))


def previewing(**options):
    def changes(arguments):
        both = Person(arguments["id"], SALARY, MEMO)
        return {"before": {"salary": SALARY, "memo": ""}, "after": vars(both)}

    return people(tier="irreversible", preview=changes, **options)


async def test_a_preview_shows_no_more_than_the_result_would(opened):
    here = await opened(write := previewing())
    for who in (CLERK, HR):
        outcome = await here.call(write, ASKED, principal=who, dry_run=True)
        assert sees(outcome) is (who is HR)
        assert (await here.wait(outcome.call_id)).value == outcome.value
    assert outcome.value.changes["after"]["salary"] == SALARY


async def test_who_decides_sees_a_preview_by_their_own_rights(opened):
    here = await opened(write := previewing())
    held = await here.call(write, ASKED, principal=CLERK)
    for who in (CLERK, HR, Principal("bob", authenticated=True)):
        case = await here.desk.case(held.approval_id, by=who)
        assert case.arguments == ASKED
        assert case.preview["after"]["id"] == "P-1"
        assert (case.preview["after"]["memo"] == MEMO) is (who is HR)
        assert (str(SALARY) in json.dumps(case.preview)) is (who is HR)


async def test_a_body_sees_what_the_calls_that_it_makes_return(opened):
    """What it makes of that is labelled by its own contract."""
    inner = people()

    @tool(tier="read")
    async def mean_salary(context: ToolContext) -> int:
        found = await context.call("get_person", ASKED)
        return found.unwrap().salary

    here = await opened(inner, mean_salary)
    assert (await here.call(mean_salary, {}, principal=CLERK)).value == SALARY


async def test_keys_that_are_data_are_for_readers_too_and_names_of_the_schema_are_not(opened):
    @tool(tier="read", labels={"/salaries": FOR_HR, "/open/*": Label()})
    async def report() -> dict[str, dict[str, int | bool | float | None]]:
        return {
            "salaries": {"Jane Roe": 7, "John Doe": True, "x": 1.5, "y": None},
            "open": {"Z": 1},
        }

    here = await opened(report)
    outcome = await here.call(report, {}, principal=CLERK)
    assert list(outcome.json["salaries"]) == [
        "[confidential]",
        "[confidential] (2)",
        "[confidential] (3)",
        "[confidential] (4)",
    ]
    assert list(outcome.json["salaries"].values()) == [0, False, 0.0, None]
    assert outcome.json["open"] == {"Z": 1}


async def test_a_longer_label_opens_what_a_wider_one_closes(opened):
    closed = Label(readers=frozenset())

    @tool(tier="read", labels={"": closed, "/0": Label()})
    async def several() -> list[str]:
        return ["first", "second"]

    here = await opened(several)
    assert (await here.call(several, {}, principal=HR)).json == ["first", "[confidential]"]


async def test_images_that_nobody_may_see_are_not_handed_on(opened):
    @dataclass(frozen=True)
    class Scan:
        photo: Image
        pages: int

    @tool(tier="read", labels={"/photo": FOR_HR})
    async def scan() -> Scan:
        return Scan(Image(b"\x89PNG bytes of it", "image/png"), 1)

    here = await opened(scan)
    seen = [await here.call(scan, {}, principal=who) for who in (HR, CLERK)]
    seen += [await here.wait(each.call_id) for each in seen]
    assert [len(each.blobs) for each in seen] == [1, 0, 1, 0]
    assert "bytes of it" not in repr(seen[1]) + repr(seen[3])


async def test_what_fits_its_type_no_more_is_told_as_json(opened):
    @dataclass(frozen=True)
    class Grade:
        grade: Annotated[str, FOR_HR]

        def __post_init__(self):
            if self.grade not in {"A", "B"}:
                raise ValueError

    @tool(tier="read")
    async def get_grade() -> Grade:
        return Grade("A")

    here = await opened(get_grade)
    outcome = await here.call(get_grade, {}, principal=CLERK)
    assert outcome.value == {"grade": "[confidential]"}
    assert len(outcome.warnings) == 2


async def test_what_the_settings_say_of_readers_holds_and_what_is_derived_hides_nothing(opened):
    @tool(tier="read")
    async def get_account() -> dict[str, str]:
        return {"iban": "DE02120300000000202051", "word": "of honour"}

    text = '[contracts.get_account.labels."/word"]\nreaders = ["hr"]\n'
    here = await opened(get_account, text=text)
    outcome = await here.call(get_account, {}, principal=CLERK)
    assert outcome.json == {"iban": "DE02120300000000202051", "word": "[confidential]"}


async def test_where_no_tool_has_readers_nobody_looks(opened, monkeypatch):
    here = await opened(read := people(labels={"/salary": Label(), "/memo": Label()}))
    monkeypatch.setattr("highroad.pipeline.readership.for_caller", None)
    assert sees(await here.call(read, ASKED, principal=CLERK))
