"""Two versions of a tool side by side: which one answers, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.error import Code, DeclarationError
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.migration import migrated
from highroad.tools.registry import Registry
from highroad.tools.versions import Chosen, Unavailable, age, choose


def version(number, **options):
    @tool(name="refund", tier="reversible", version=number, **options)
    def refund(order_id: str) -> str:
        return f"{number} {order_id}"

    return refund


def chosen(*versions, changed=(), on=(), wanted=None):
    found = choose(
        map(tool_definition, versions),
        is_accepted=lambda definition: definition.version not in changed,
        is_on=lambda flag: flag in on,
        wanted=wanted,
    )
    named = found.definition.version if isinstance(found, Chosen) else found.code
    return named, found.reason


OLD = version("1", deprecated="Use version 2.")
NEW = version("2")
FLAGGED = version("3", flag="refund_v3")


@pytest.mark.parametrize(
    ("given_versions", "expected"),
    [
        (chosen(NEW), ("2", "version 2 is the only one")),
        (
            chosen(OLD, NEW),
            ("2", "version 2 is the newest that may answer; version 1 is deprecated"),
        ),
        (chosen(OLD), ("1", "version 1 is the only one; it is deprecated")),
        (
            chosen(NEW, version("9", deprecated="Came too early.")),
            ("2", "version 2 is the newest that may answer; version 9 is deprecated"),
        ),
        (
            chosen(NEW, FLAGGED),
            ("2", "version 2 is the newest that may answer; the flag of version 3 is off"),
        ),
        (chosen(NEW, FLAGGED, on={"refund_v3"}), ("3", "version 3 is the newest that may answer")),
        (chosen(NEW, OLD, wanted="1"), ("1", "version 1 was asked for; it is deprecated")),
        (chosen(NEW, wanted="1"), (Code.UNKNOWN_TOOL, "there is no version 1")),
        (chosen(), (Code.UNKNOWN_TOOL, "there is no version")),
        (chosen(FLAGGED), (Code.UNKNOWN_TOOL, "the flag of version 3 is off")),
    ],
)
def test_the_version_that_answers_and_why(given_versions, expected):
    assert given_versions == expected


@pytest.mark.promise("P8")
def test_a_version_that_nobody_accepted_does_not_take_away_the_accepted_one():
    assert chosen(NEW, version("3"), changed={"3"}) == (
        "2",
        "version 2 is the newest that may answer; version 3 is not accepted",
    )


@pytest.mark.promise("P8")
def test_what_is_not_accepted_never_answers():
    assert chosen(NEW, OLD, changed={"1", "2"}) == (
        Code.DEFINITION_CHANGED,
        "version 1 and 2 is not accepted",
    )
    assert chosen(NEW, OLD, changed={"1"}, wanted="1")[0] is Code.DEFINITION_CHANGED


def test_a_flag_that_is_off_hides_what_is_not_accepted():
    """Whoever the flag is off for must not learn that there is anything to accept."""
    assert chosen(FLAGGED, changed={"3"})[0] is Code.UNKNOWN_TOOL


@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "2", "10"]), st.booleans(), st.booleans(), st.booleans()),
        unique_by=lambda each: each[0],
    )
)
def test_whatever_answers_is_accepted_and_switched_on(given):
    made = [
        version(
            number,
            **({"deprecated": "Old."} if is_old else {}),
            **({"flag": number} if has_flag else {}),
        )
        for number, is_old, has_flag, _ in given
    ]
    refused = {number for number, _, _, is_changed in given if is_changed}
    found = choose(
        map(tool_definition, made),
        is_accepted=lambda definition: definition.version not in refused,
        is_on=lambda flag: flag == "2",
    )
    fit = [
        (not is_old, age(number), number)
        for number, is_old, has_flag, is_changed in given
        if not is_changed and (not has_flag or number == "2")
    ]
    if fit:
        assert found.definition.version == max(fit)[2]
    else:
        assert isinstance(found, Unavailable)


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1", "2"), ("9", "10"), ("1.9", "1.10"), ("1", "1.1"), ("2026-01-31", "2026-02-01")],
)
def test_versions_are_ordered_by_their_numbers(older, newer):
    assert age(older) < age(newer)


def test_the_registry_holds_versions_side_by_side():
    registry = Registry([NEW, OLD, FLAGGED])
    assert [each.definition.version for each in registry.versions("refund")] == ["1", "2", "3"]
    assert [each.definition.version for each in registry] == ["1", "2", "3"]
    assert len(registry) == 3
    assert registry.versions("nothing") == ()


def test_a_function_finds_its_very_version_and_a_name_the_newest_in_good_standing():
    newest = version("4", deprecated="Came too early.")
    registry = Registry([NEW, OLD, newest])
    assert registry.find(OLD).definition.version == "1"
    assert registry.find("refund").definition.version == "2"
    assert registry.find("refund", "1") is registry.find(OLD)
    assert registry.find("refund", "7") is None
    assert Registry([OLD]).find("refund").definition.version == "1"
    assert registry.find("nothing") is None


def test_one_version_twice_is_refused():
    with pytest.raises(DeclarationError, match="to have both side by side, another version="):
        Registry([NEW, version("2")])


def test_a_fake_takes_the_body_of_one_version():
    registry = Registry([NEW, OLD])
    registry.replace(OLD, lambda order_id: "fake")
    assert registry.find("refund", "1").start({"order_id": "a"}, context=None) == "fake"
    assert registry.find("refund").start({"order_id": "a"}, context=None) == "2 a"


def in_cents(old):
    return {"order_id": old["order"], "cents": round(old["euros"] * 100)}


def newer(migrate=in_cents):
    @tool(name="refund", version="2", migrate=migrate)
    def refund(order_id: str, cents: int) -> None:
        raise AssertionError(order_id, cents)

    return compile_tool(refund)


@tool(name="refund", version="1")
def older(order: str, euros: float) -> None:
    raise AssertionError(order, euros)


WRITTEN_FOR_1 = {"order": "a", "euros": 1.5}
WRITTEN_FOR_2 = {"order_id": "a", "cents": 150}


def test_arguments_of_an_older_version_become_those_of_this_one():
    assert migrated(newer(), WRITTEN_FOR_1) == WRITTEN_FOR_2
    assert migrated(newer(), WRITTEN_FOR_1, [compile_tool(older)]) == WRITTEN_FOR_2


@pytest.mark.parametrize("arguments", [WRITTEN_FOR_2, {"order_id": "a", "cents": "150"}])
def test_what_fits_or_can_be_coerced_is_not_migrated(arguments):
    assert migrated(newer(lambda old: {"order_id": "", "cents": 0}), arguments) is arguments


@pytest.mark.parametrize(
    "migrate",
    [
        in_cents,
        lambda old: None,
        lambda old: {"order_id": 1},
        lambda old: {"order_id": object()},
        lambda old: old["order_id"].cents,
    ],
    ids=["a missing key", "not for it", "what does not fit", "no JSON", "a missing attribute"],
)
def test_what_is_of_no_version_stays_as_it_was_written(migrate):
    """The model is told what is wrong with its own words, not with ours."""
    wrong = {"order_id": "a"}
    assert migrated(newer(migrate), wrong) is wrong


def test_what_fits_no_older_version_that_is_known_is_not_migrated():
    lenient = newer(lambda old: {"order_id": "", "cents": 0})
    wrong = {"order_id": "a"}
    assert migrated(lenient, wrong, [lenient, compile_tool(older)]) is wrong


def test_without_migration_nothing_changes():
    assert migrated(compile_tool(older), {"x": 1}) == {"x": 1}


def test_what_a_migration_changes_in_its_arguments_nobody_else_sees():
    given = dict(WRITTEN_FOR_1)
    migrated(newer(lambda old: in_cents(old) if old.pop("order") else None), given)
    assert given == WRITTEN_FOR_1
