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
SAYS_SETTLED = {"readOnlyHint": False, "idempotentHint": True}
SAYS_SETTLED_TOO = (
    "its server says that twice is as good as once (idempotentHint), and so do its words"
)


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
        (defined("add_entry", "Send an entry.", QUIET), Tier.IRREVERSIBLE),
        (defined("get_answer", "Get it.", SAYS_READ, code={}), Tier.PRIVILEGED),
        (
            defined("get_figures", "Get them.", SAYS_READ, script={"type": "array"}),
            Tier.PRIVILEGED,
        ),
        (defined("get_output", "Get output.", SAYS_READ, code={"type": "integer"}), Tier.READ),
        (defined("copy_entry", "Copies an entry.", SAYS_READ), Tier.IRREVERSIBLE),
        (defined("get_page", "Get a page.", SAYS_READ, save_as={}), Tier.IRREVERSIBLE),
        (
            defined("get_lines", "Get lines.", SAYS_READ, query={"description": "In SQL."}),
            Tier.IRREVERSIBLE,
        ),
        (
            defined("get_lines", "Get lines.", SAYS_READ, text={"description": "As in SQL."}),
            Tier.READ,
        ),
        (
            defined("get_item", "Get an item.", SAYS_READ, action={"enum": ["show", "remove"]}),
            Tier.IRREVERSIBLE,
        ),
        (
            defined("get_item", "Get an item.", SAYS_READ, action={"enum": ["show", "list"]}),
            Tier.READ,
        ),
        (defined("get_part", "Get it.", SAYS_READ, action={}), Tier.IRREVERSIBLE),
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
    assert recommended(defined("delete_order", annotations=QUIET)).overruled == ()
    twice = recommended(defined("delete_or_delete", annotations=SAYS_READ)).overruled
    assert len(twice) == 1


@pytest.mark.parametrize(
    ("definition", "reasons"),
    [
        (
            defined("get_order", "Get an order.", SAYS_READ),
            [
                "its server says that it only reads (readOnlyHint)",
                'its words say "get", and none says that it changes anything',
            ],
        ),
        (
            defined("get_order", "Get an order."),
            ['its words say "get", and none says that it changes anything'],
        ),
        (
            defined("get_parcel", "Get a parcel.", {"destructiveHint": True}),
            ["its server says that it destroys (destructiveHint)"],
        ),
        (
            defined("delete_or_update_and_send", "Remove it."),
            [f'its name says "{each}"' for each in ("delete", "update", "send")],
        ),
        (
            defined("get_output", "Get output.", code={}),
            ['/code says "code"', "what runs whatever it is handed can do anything"],
        ),
        (
            defined("write_file", annotations={"readOnlyHint": False, "idempotentHint": True}),
            [
                'its name says "write"',
                "its server says that it changes something (readOnlyHint)",
                SAYS_SETTLED_TOO,
            ],
        ),
        (defined("frobnicate"), ["nothing says that it only reads"]),
    ],
    ids=["hinted read", "read", "destroys", "three at most", "runs", "may be repeated", "nothing"],
)
def test_each_proposal_says_what_it_rests_on(definition, reasons):
    assert list(recommended(definition).reasons) == reasons


def test_a_read_may_be_repeated_and_what_destroys_may_not():
    destroys = {"destructiveHint": True}
    assert recommended(defined("get_order", "Get it.")).effect is Effect.REPEATABLE
    assert recommended(defined("get_order", "Get it.", destroys)).effect is Effect.UNPROTECTED


@pytest.mark.parametrize(
    ("definition", "effect"),
    [
        (defined("write_file", annotations=SAYS_SETTLED), Effect.REPEATABLE),
        (defined("write_file", annotations={"readOnlyHint": False}), Effect.UNPROTECTED),
        (defined("frobnicate", annotations=SAYS_SETTLED), Effect.UNPROTECTED),
        (defined("send_mail", annotations=SAYS_SETTLED), Effect.UNPROTECTED),
        (defined("append_line", annotations=SAYS_SETTLED), Effect.UNPROTECTED),
        (defined("delete_and_pay", annotations=SAYS_SETTLED), Effect.UNPROTECTED),
        (defined("set_price", annotations=SAYS_SETTLED), Effect.UNPROTECTED),
        (defined("set_entry", "Send an entry.", SAYS_SETTLED), Effect.UNPROTECTED),
        (defined("write_page", annotations=SAYS_SETTLED, code={}), Effect.UNPROTECTED),
    ],
    ids=lambda each: getattr(each, "name", str(each)),
)
def test_that_it_may_be_repeated_is_proposed_where_words_and_hint_agree(definition, effect):
    assert recommended(definition).effect is effect
