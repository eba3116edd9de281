"""Contracts of tools that somebody else wrote, from the settings."""

import pytest

from highroad import Runtime, tool
from highroad.domain.error import SettingsError
from highroad.domain.label import Integrity
from highroad.domain.tool import ArgumentRole, Effect, Tier
from highroad.settings import load
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.derivation.reason import Basis
from highroad.tools.registry import Registry

FILE = """
[contracts.list_emails.labels."/emails/*/sender"]
integrity = "third_party"
readers = ["support"]

[contracts.list_emails]
tier = "reversible"
intent = ["Show mails"]

[contracts.list_emails.arguments.folder]
role = "content"
"""

LIST = tool_from_schema(
    lambda given: given,
    name="list_emails",
    parameters={"properties": {"folder": {"type": "string"}, "user": {"type": "string"}}},
    returns={
        "type": "object",
        "properties": {
            "emails": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"sender": {"type": "string"}, "id": {"type": "integer"}},
                },
            }
        },
    },
    tier="read",
    source="https://mail.example",
)


def rules(tmp_path, text):
    (tmp_path / "highroad.toml").write_text(text)
    return load(tmp_path, {}).contracts


@pytest.fixture
def listed(tmp_path):
    return Registry([LIST], rules(tmp_path, FILE)).find("list_emails")


def test_what_the_settings_say_goes_before_what_is_derived(listed):
    contract = listed.contract
    sender = contract.labels.at("/emails/3/sender")
    assert (sender.integrity, sender.readers) == (Integrity.THIRD_PARTY, frozenset({"support"}))
    assert contract.labels.at("/emails/3/id").integrity is Integrity.THIRD_PARTY
    assert contract.argument("folder").role is ArgumentRole.CONTENT
    assert contract.argument("user").role is ArgumentRole.CONTROL
    assert contract.intent == ("show mails",)
    assert listed.definition.tier is Tier.REVERSIBLE


def test_its_reasons_name_the_place(listed):
    told = {each.subject: each for each in listed.reasons}
    assert told["folder"].basis is told["/emails/*/sender"].basis is Basis.OPERATOR
    assert told["folder"].why.startswith("settings: highroad.toml:")
    assert told["user"].basis is Basis.DEFAULT


@pytest.mark.promise("P8")
def test_it_is_part_of_the_definition(listed):
    assert listed.definition.digest != tool_definition(LIST).digest
    assert Registry([LIST]).find("list_emails").definition.digest == tool_definition(LIST).digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[contracts.list_emails.arguments.foldr]\nrole = "content"', "there are folder"),
        ('[contracts.refund]\ntier = "read"', "is less than irreversible"),
        ('[contracts.worked_out]\ntier = "reversible"', "leave tier out"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(tmp_path, text, message):
    @tool(tier="irreversible")
    def refund() -> None:
        raise AssertionError

    @tool(tier="read", transform=True)
    def worked_out() -> int:
        raise AssertionError

    with pytest.raises(SettingsError, match=rf"highroad.toml(:\d+)?: .*{message}"):
        Registry([LIST, refund, worked_out], rules(tmp_path, text))


async def test_a_tool_that_there_is_not_stops_the_program(tmp_path):
    (tmp_path / "highroad.toml").write_text('[contracts.list_email]\ntier = "privileged"')
    settings = load(tmp_path, {})
    with pytest.raises(SettingsError, match="no such tool; did you mean list_emails"):
        async with Runtime.open("sqlite:///ledger.db", tools=[LIST], settings=settings):
            pass


HERE = "stdio:mail"
"""A server, whose tools nobody declared anything of."""


def foreign(name="read_mail", *, annotations=None, source=HERE, **options):
    return tool_from_schema(
        lambda given: given,
        name=name,
        parameters={"properties": {"id": {"type": "string"}}},
        source=source,
        annotations=annotations,
        **options,
    )


def contract_of(given, rules):
    definition = Registry([given], rules).find("read_mail").definition
    return definition.tier, definition.effect


SAID_READ = f'[contracts.read_mail]\ntier = "read"\nsource = "{HERE}"'


def test_a_tier_that_nobody_declared_is_what_the_settings_say(tmp_path):
    assert contract_of(foreign(), {}) == (Tier.IRREVERSIBLE, Effect.UNPROTECTED)
    said = rules(tmp_path, SAID_READ)
    assert contract_of(foreign(), said) == (Tier.READ, Effect.REPEATABLE)


def test_what_is_said_of_one_servers_tool_is_not_said_of_anothers(tmp_path):
    said = rules(tmp_path, SAID_READ)
    other = foreign(source="stdio:another")
    assert contract_of(other, said) == (Tier.IRREVERSIBLE, Effect.UNPROTECTED)


@pytest.mark.parametrize(
    ("annotations", "tier"),
    [
        ({"destructiveHint": True}, Tier.IRREVERSIBLE),
        ({"readOnlyHint": False, "destructiveHint": False}, Tier.REVERSIBLE),
        ({"readOnlyHint": True}, Tier.READ),
    ],
)
def test_a_server_that_says_more_is_at_stake_than_the_settings_is_believed(
    tmp_path, annotations, tier
):
    said = rules(tmp_path, SAID_READ)
    assert contract_of(foreign(annotations=annotations), said)[0] is tier


def test_an_effect_class_is_said_where_nobody_did(tmp_path):
    text = f'[contracts.read_mail]\ntier = "reversible"\neffect = "repeatable"\nsource = "{HERE}"'
    said = rules(tmp_path, text)
    assert contract_of(foreign(), said) == (Tier.REVERSIBLE, Effect.REPEATABLE)


def test_what_was_repeatable_for_reading_alone_is_not_once_it_has_effects(tmp_path):
    said = rules(tmp_path, '[contracts.read_mail]\ntier = "reversible"')
    assert contract_of(foreign(tier="read"), said) == (Tier.REVERSIBLE, Effect.UNPROTECTED)
    kept = contract_of(foreign(tier="read", effect="repeatable"), said)
    assert kept == (Tier.REVERSIBLE, Effect.REPEATABLE)


@pytest.mark.parametrize(
    ("options", "text", "message"),
    [
        ({}, 'tier = "read"', 'say source = "stdio:mail" too'),
        ({}, 'effect = "idempotent"', "takes a body that is written for it"),
        ({}, f'tier = "read"\neffect = "unprotected"\nsource = "{HERE}"', "a read is repeatable"),
        (
            {"tier": "reversible", "effect": "idempotent"},
            'effect = "repeatable"',
            "declared as idempotent; settings can only make it unprotected",
        ),
        (
            {"invalidates": {"mails"}},
            f'tier = "read"\nsource = "{HERE}"',
            "a read changes nothing",
        ),
    ],
)
def test_what_settings_may_not_say_of_a_server_is_told_with_its_place(
    tmp_path, options, text, message
):
    said = rules(tmp_path, f"[contracts.read_mail]\n{text}")
    with pytest.raises(SettingsError, match=rf"highroad.toml(:\d+)?: .*{message}"):
        Registry([foreign(**options)], said)


def test_a_digest_that_is_none_is_told_with_its_line(tmp_path):
    with pytest.raises(SettingsError, match=r"highroad.toml:2: .*64 hex digits"):
        rules(tmp_path, '[contracts.read_mail]\naccepted = "sha256:yes"')


async def test_what_is_said_of_a_server_that_is_not_there_stops_nothing(tmp_path):
    settings = settings_with(tmp_path, SAID_READ)
    async with Runtime.open("sqlite:///ledger.db", tools=[], settings=settings) as runtime:
        assert not runtime.tools


async def test_a_tool_that_comes_from_another_server_than_the_settings_say_stops_the_program(
    tmp_path,
):
    settings = settings_with(tmp_path, SAID_READ)
    with pytest.raises(SettingsError, match="it is about a tool of"):
        async with Runtime.open(tools=[foreign(source="stdio:other")], settings=settings):
            pass


async def test_what_the_program_itself_calls_so_is_not_the_servers_tool(tmp_path):
    @tool(tier="reversible")
    def read_mail() -> None:
        raise AssertionError

    settings = settings_with(tmp_path, SAID_READ)
    async with Runtime.open(tools=[read_mail], settings=settings) as runtime:
        [own] = runtime.tools
    assert own.tier is Tier.REVERSIBLE


def settings_with(tmp_path, text):
    (tmp_path / "highroad.toml").write_text(text)
    return load(tmp_path, {})
