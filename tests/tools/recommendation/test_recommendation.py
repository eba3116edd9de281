"""Which tier is proposed of tools of which nobody said any, and on what that rests."""

import json
from collections import Counter

import pytest

from highroad.demo.tools import TOOLS
from highroad.domain.tool import Effect, Tier
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.recommendation.recommendation import recommended
from highroad.tools.shapes import SHAPES, read_tools
from highroad.tools.shapes.names import NameTable

SAYS_READ = {"readOnlyHint": True}
QUIET = {"readOnlyHint": False, "destructiveHint": False}


def defined(name, description="", annotations=None, **arguments):
    return tool_definition(
        tool_from_schema(
            lambda given: given,
            name=name,
            description=description,
            parameters={
                "type": "object",
                "properties": {key: {"type": "string", **each} for key, each in arguments.items()},
            },
            source="stdio:one",
            annotations=annotations,
        )
    )


@pytest.fixture
def real(repository):
    """The definitions of real tools; with other hints where these are given."""
    data = repository / "tests" / "data"
    files = [
        data / "injecagent/tools.json",
        data / "tau_retail/tools.json",
        *sorted((data / "mcp").glob("*.json")),
    ]

    def read(hints=None):
        for file in files:
            specs = [each.spec for each in read_tools(json.loads(file.read_text("utf-8"))).tools]
            legal = NameTable.of([each.name for each in specs], SHAPES["openai"].names)
            for spec in specs:
                yield tool_definition(
                    tool_from_schema(
                        lambda given: given,
                        name=legal.legal_name(spec.name),
                        description=spec.description,
                        parameters=spec.input_schema,
                        source=file.name,
                        annotations=spec.annotations if hints is None else hints,
                    )
                )

    return read


@pytest.fixture
def reads(repository):
    """Names of those real tools that change nothing."""
    lines = (repository / "tests/data/tiers/reads.txt").read_text("utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def wrong(definitions, reads):
    """Tools that change something, and are proposed to be reads all the same."""
    return [
        each.name
        for each in definitions
        if recommended(each).tier is Tier.READ and each.name not in reads
    ]


@pytest.mark.parametrize("hints", [None, {}], ids=["as recorded", "without hints"])
def test_no_real_tool_that_changes_something_is_proposed_as_a_read(real, reads, hints):
    assert wrong(real(hints), reads) == []


def test_servers_that_lie_in_their_hints_alone_make_a_read_of_nothing(real, reads):
    assert wrong(real(SAYS_READ), reads) == []
    lied = [each for each in real(SAYS_READ) if each.name not in reads]
    assert all(recommended(each).overruled for each in lied)
    assert len(lied) > 200


def test_what_is_proposed_of_real_tools_in_figures(real, reads):
    found = Counter((each.name in reads, recommended(each).tier.value) for each in real())
    assert found == {
        (True, "read"): 174,
        (True, "irreversible"): 27,
        (True, "privileged"): 4,
        (False, "reversible"): 7,
        (False, "irreversible"): 191,
        (False, "privileged"): 19,
    }


def test_the_tools_of_the_demo_are_proposed_as_they_are_declared_or_stricter():
    order = list(Tier)
    for each in map(tool_definition, TOOLS):
        assert order.index(recommended(each).tier) >= min(order.index(each.tier), 2), each.name


@pytest.mark.parametrize(
    ("definition", "tier"),
    [
        (defined("get_order", "Get an order."), Tier.READ),
        (defined("list_orders", "List and delete orders."), Tier.IRREVERSIBLE),
        (defined("get_or_create_user", "Get a user."), Tier.IRREVERSIBLE),
        (defined("get_bill", "Get a bill.", {"readOnlyHint": False}), Tier.IRREVERSIBLE),
        (defined("get_parcel", "Get a parcel.", {"destructiveHint": True}), Tier.IRREVERSIBLE),
        (defined("delete_order", "Get an order.", SAYS_READ), Tier.IRREVERSIBLE),
        (defined("echo", "Echoes back.", SAYS_READ), Tier.IRREVERSIBLE),
        (defined("frobnicate"), Tier.IRREVERSIBLE),
        (defined("add_tag", "Add a tag.", QUIET), Tier.REVERSIBLE),
        (defined("add_tag", "Add a tag."), Tier.IRREVERSIBLE),
        (defined("create_post", "Create a post.", QUIET), Tier.IRREVERSIBLE),
        (defined("add_money", "Add money.", QUIET), Tier.IRREVERSIBLE),
        (defined("send_mail", "Send a mail.", QUIET), Tier.IRREVERSIBLE),
        (defined("grant_role", "Grant a role."), Tier.PRIVILEGED),
        (defined("get_output", "Get output.", SAYS_READ, command={}), Tier.PRIVILEGED),
        (defined("query_rows", "Query rows.", SAYS_READ, sql={}), Tier.IRREVERSIBLE),
        (
            defined("fetch_page", "Fetch a page.", SAYS_READ, method={"enum": ["GET", "POST"]}),
            Tier.IRREVERSIBLE,
        ),
        (
            defined("get_rows", "Get rows.", SAYS_READ, file={"description": "Save them here."}),
            Tier.IRREVERSIBLE,
        ),
    ],
    ids=lambda each: getattr(each, "name", str(each)),
)
def test_what_is_proposed(definition, tier):
    assert recommended(definition).tier is tier


def test_the_words_that_overrule_a_hint_are_told():
    [told] = recommended(defined("delete_order", annotations=SAYS_READ)).overruled
    assert told == 'readOnlyHint is true, but its name says "delete"'


@pytest.mark.parametrize(
    ("name", "idempotent", "effect"),
    [
        ("write_file", True, Effect.REPEATABLE),
        ("write_file", False, Effect.UNPROTECTED),
        ("send_mail", True, Effect.UNPROTECTED),
        ("append_line", True, Effect.UNPROTECTED),
        ("delete_and_pay", True, Effect.UNPROTECTED),
    ],
)
def test_that_it_may_be_repeated_is_proposed_where_words_and_hint_agree(name, idempotent, effect):
    definition = defined(name, annotations={"readOnlyHint": False, "idempotentHint": idempotent})
    assert recommended(definition).effect is effect
