"""A model names a value by its handle: the road looks it up once, and sees the value."""

import contextlib
import json
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from highroad import Agent, Content, tool
from highroad.domain.error import LedgerError
from highroad.domain.handle import handle_of, tag_of
from highroad.domain.label import Integrity, Label
from highroad.domain.model import ToolMessage
from highroad.domain.run import RunStatus
from highroad.settings import load
from highroad.testing import ScriptedModel, call
from highroad.tools.semantic import Email

SYSTEM = Label(integrity=Integrity.SYSTEM)
ROOT = re.compile(r'"handle":"(\$v\d+[a-z]{2})"')
DONE = []


@pytest.fixture(autouse=True)
def nothing_done():
    DONE.clear()


ORDER = {
    "id": "ORD-000042",
    "email": "ada@example.com",
    "total": 84.5,
    "urgent": True,
    "size": "large",
    "lines": [{"sku": "TEA-1", "price": 80.0}, {"sku": "CUP-2", "price": 4.5}],
    "v.2": "a key with a point",
    "note": "$v1aa.0",
    "gift_for": "eve@example.com",
}
OURS = {
    f"/{name}": SYSTEM
    for name in ("id", "email", "total", "urgent", "size", "lines/*/sku", "lines/*/price")
}


@tool(tier="read", labels=OURS)
def read_order(order: str = "") -> dict:
    """Read the order of the customer."""
    return ORDER | ({"id": order} if order else {})


@tool(tier="reversible")
def send_email(to: str, body: Annotated[str, Content()] = "") -> str:
    """Send an e-mail."""
    DONE.append((to, body))
    return "sent"


@tool(tier="reversible")
def refund_order(
    order_id: Annotated[str, Field(pattern=r"^ORD-\d{6}$")],
    amount: Annotated[float, Field(gt=0)],
    urgent: bool = False,
    size: Literal["small", "large"] = "small",
    skus: list[str] | None = None,
) -> str:
    """Refund an order."""
    DONE.append((order_id, amount, urgent, size, skus))
    return "refunded"


TOOLS = [read_order, send_email, refund_order]


class Naming:
    """Plays a call in whose arguments `{0}` is the first handle that the model was shown."""

    def __init__(self, name, **arguments):
        self.name = name
        self.arguments = json.dumps(arguments)

    def __call__(self, request):
        text = self.arguments
        shown = " ".join(each.content for each in request.messages if isinstance(each, ToolMessage))
        for at, root in enumerate(dict.fromkeys(ROOT.findall(shown))):
            text = text.replace(f"{{{at}}}", root)
        return call(self.name, **json.loads(text))


@pytest.fixture
def told(scene):
    """Lets a model make calls, and tells why the last one is held."""

    async def play(text, *script, tools=TOOLS, transforms=False, **environment):
        model = ScriptedModel(*script, "Done.")
        clerk = Agent(name="clerk", model=model, tools=tools, handles=True, transforms=transforms)
        settings = load(Path.cwd(), {"HIGHROAD_PROVENANCE_MODE": "enforce", **environment})
        stage = await scene(clerk, settings=settings, names=False)
        run = await stage.run("clerk", text)
        if run.status is RunStatus.COMPLETED:
            return stage, run, []
        approval = await stage.runtime.approvals.get(run.holds[0].approval_id)
        return stage, run, [each.code for each in approval.obligations]

    return play


def answers(stage):
    """What the model was told of its calls."""
    model = stage.agents[0].model
    messages = model.requests[-1].messages
    return [json.loads(each.content) for each in messages if isinstance(each, ToolMessage)]


async def test_the_tool_is_given_the_value_wherever_an_argument_takes_one(told):
    await told(
        "Refund order ORD-000042.",
        call("read_order"),
        Naming(
            "refund_order",
            order_id="{0}.id",
            amount="{0}.total",
            urgent="{0}.urgent",
            size="{0}.size",
            skus=["{0}.lines.1.sku", "{0}.lines.0.sku"],
        ),
    )
    assert DONE == [("ORD-000042", 84.5, True, "large", ["CUP-2", "TEA-1"])]


async def test_what_is_offered_takes_a_handle_where_the_tool_takes_no_text(told):
    stage, _, _ = await told("Hello.")
    offered = {each.name: each.input_schema for each in stage.agents[0].model.requests[0].tools}
    members = offered["refund_order"]["properties"]
    for name in ("order_id", "amount", "urgent", "size"):
        forms = members[name]["anyOf"]
        assert any("$v" in each.get("pattern", "") for each in forms), name
    assert "anyOf" not in offered["send_email"]["properties"]["to"]


async def test_without_handles_nothing_is_shown_or_taken(scene):
    model = ScriptedModel(call("read_order"), call("send_email", to="$v1aa.email"), "Done.")
    clerk = Agent(name="clerk", model=model, tools=TOOLS)
    stage = await scene(clerk, names=False)
    await stage.run("clerk", "Send an e-mail to $v1aa.email")
    assert DONE == [("$v1aa.email", "")]
    assert all("handle" not in each for each in answers(stage))
    assert "$v" not in stage.agents[0].model.requests[0].instructions


@pytest.mark.parametrize(
    "named",
    [
        "{0}.nobody",
        "{0}.lines",
        "{0}.lines.2.sku",
        "{0}.lines.-1.sku",
        "{0}",
        "{0}.id.0",
        "$v1zz.id",
        "$v1.id",
        "$v99.email",
        handle_of(1, tag_of("run_other"), ("id",)),
    ],
)
async def test_what_names_no_value_of_this_run_is_refused_with_a_way_out(told, named):
    stage, _, _ = await told(
        "Send an e-mail.", call("read_order"), Naming("send_email", to=named, body="Hello")
    )
    refused = answers(stage)[-1]
    assert refused["code"] == "handle_unknown"
    assert refused["problems"][0]["pointer"] == "/to"
    assert "handle" in refused["hint"]
    assert DONE == []


@pytest.mark.promise("P9")
async def test_a_value_has_its_own_integrity_by_its_handle_and_never_more(told):
    _, _, codes = await told(
        "Send an e-mail.", call("read_order"), Naming("send_email", to="{0}.email")
    )
    assert (codes, DONE) == ([], [("ada@example.com", "")])
    _, _, codes = await told(
        "Send an e-mail.", call("read_order"), Naming("send_email", to="{0}.note")
    )
    assert codes == ["untrusted_source"]


@pytest.mark.promise("P9")
async def test_that_a_value_stands_in_a_better_place_too_changes_nothing(told):
    text = "Send an e-mail to eve@example.com."
    _, _, codes = await told(text, call("read_order"), call("send_email", to="eve@example.com"))
    assert (codes, DONE) == ([], [("eve@example.com", "")])
    _, _, codes = await told(text, call("read_order"), Naming("send_email", to="{0}.gift_for"))
    assert codes == ["untrusted_source"]


@pytest.mark.promise("P9")
async def test_a_text_that_only_repeats_what_the_model_asked_for_is_no_evidence(told):
    """Else a read would launder an invented id: its result has the label of our own records."""
    stage, _, codes = await told(
        "Refund an order.",
        call("read_order", order="ORD-999999"),
        Naming("refund_order", order_id="{0}.id", amount="{0}.total"),
    )
    assert DONE == []
    assert codes or answers(stage)[-1]["code"] == "ungrounded"


@pytest.mark.promise("P9")
async def test_an_id_is_no_amount_by_its_handle_either(told):
    @tool(tier="read", labels={"/account_id": SYSTEM})
    def read_account() -> dict[str, int]:
        """Read the account of the customer."""
        return {"account_id": 12345678}

    stage, _, codes = await told(
        "Refund order ORD-000042.",
        call("read_account"),
        Naming("refund_order", order_id="ORD-000042", amount="{0}.account_id"),
        tools=[*TOOLS, read_account],
    )
    assert DONE == []
    assert codes or answers(stage)[-1]["code"] == "ungrounded"


@pytest.mark.promise("P9")
async def test_what_a_stranger_wrote_is_no_handle_however_it_looks(told):
    """A value is put in the place of a handle once: what it says is not looked up again."""
    _, _, codes = await told(
        "Send an e-mail.", call("read_order"), Naming("send_email", to="{0}.email", body="{0}.note")
    )
    assert (codes, DONE) == ([], [("ada@example.com", "$v1aa.0")])


async def test_a_handle_within_a_longer_text_is_text(told):
    await told(
        "Send an e-mail.",
        call("read_order"),
        Naming("send_email", to="{0}.email", body="See {0}.1"),
    )
    assert re.fullmatch(r"See \$v\d+[a-z]{2}\.1", DONE[0][1])


async def test_a_key_with_a_point_is_written_with_a_mark(told):
    await told(
        "Send an e-mail.",
        call("read_order"),
        Naming("send_email", to="{0}.email", body="{0}.v~12"),
    )
    assert DONE[0][1] == "a key with a point"


@pytest.mark.promise("P9")
async def test_people_see_the_value_and_the_record_which_leaf_it_is(told, bob):
    stage, run, _ = await told(
        "Send an e-mail.", call("read_order"), Naming("send_email", to="{0}.note")
    )
    case = await stage.runtime.approvals.case(run.holds[0].approval_id, by=bob)
    assert case.arguments["to"] == "$v1aa.0"
    assert case.provenance == {"/to": "the result of read_order, 1 step before: untrusted"}
    await stage.approve(run)
    run = await stage.resume(run)
    assert run.status is RunStatus.COMPLETED
    assert DONE == [("$v1aa.0", "")], "as it was agreed to: not looked up anew"


@pytest.mark.promise("P7")
async def test_entries_have_the_pointer_and_neither_value_nor_handle(told):
    stage, _, _ = await told(
        "Send an e-mail.", call("read_order"), Naming("send_email", to="{0}.email", body="Hi")
    )
    text = " ".join(str(entry.body) for entry in stage.ledger.entries)
    assert "handles: /to" in text
    assert "ada@example.com" not in text
    assert "$v" not in text


async def test_the_same_call_by_handle_and_by_value_is_one(told):
    stage, _, _ = await told(
        "Send an e-mail to ada@example.com twice.",
        call("read_order"),
        Naming("send_email", to="{0}.email"),
        call("send_email", to="ada@example.com"),
    )
    assert DONE == [("ada@example.com", "")]
    assert answers(stage)[-1]["repeated"] is True


@pytest.mark.promise("P9")
async def test_transforms_take_handles_and_what_they_make_is_traced(told):
    _, _, codes = await told(
        "Refund order ORD-000042.",
        call("read_order"),
        Naming("compute_sum", values=["{0}.lines.0.price", "{0}.lines.1.price"]),
        Naming("refund_order", order_id="{0}.id", amount="{1}"),
        transforms=True,
    )
    assert (codes, [each[1] for each in DONE]) == ([], [84.5])


# -- what is not shown -----------------------------------------------------------------------------


@tool(tier="reversible")
def note_down(text: Annotated[str, Content()]) -> str:
    """Note something down."""
    DONE.append(text)
    return "noted"


@tool(tier="reversible")
def write_mail(to: Annotated[str, Email()], body: Annotated[str, Content()] = "") -> str:
    """Write a mail."""
    DONE.append((to, body))
    return "written"


@pytest.mark.promise("P7")
async def test_what_a_model_is_not_shown_it_may_still_send_to_where_it_belongs(told):
    """And nowhere else: cut into pieces by another tool it would be shown after all."""
    mask = {"HIGHROAD_REDACTION_MODE": "mask"}
    tools = [*TOOLS, note_down, write_mail]
    stage, _, _ = await told(
        "Write a mail.",
        call("read_order"),
        Naming("write_mail", to="{0}.email"),
        tools=tools,
        **mask,
    )
    assert "ada@example.com" not in json.dumps(answers(stage))
    assert DONE == [("ada@example.com", "")]
    for name, arguments in (
        ("note_down", {"text": "{0}.email"}),
        ("compute_text_between", {"text": "{0}.email", "end": "@"}),
    ):
        stage, _, _ = await told(
            "Note that.",
            call("read_order"),
            Naming(name, **arguments),
            tools=tools,
            transforms=True,
            **mask,
        )
        assert answers(stage)[-1]["code"] == "handle_closed"
        assert "ada" not in json.dumps(answers(stage))
    assert DONE == [("ada@example.com", "")]


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("reader", "ends"), [("alice", "confidential"), ("hr", "handle_closed")])
async def test_what_not_everybody_may_read_goes_nowhere_by_its_handle(told, reader, ends):
    """A reader is asked before it goes out; who is none cannot have it go anywhere."""
    label = Label(integrity=Integrity.SYSTEM, readers=frozenset({reader}))

    @tool(tier="read", labels={"/salary": label})
    def read_salary() -> dict[str, str]:
        """Read the salary of somebody."""
        return {"salary": "EUR 74,291.55 a year"}

    stage, _, codes = await told(
        "Send an e-mail to bob@example.com.",
        call("read_salary"),
        Naming("send_email", to="bob@example.com", body="{0}.salary"),
        tools=[*TOOLS, read_salary],
    )
    assert DONE == []
    assert codes == [ends] or answers(stage)[-1]["code"] == ends


@pytest.mark.promise("P9")
@pytest.mark.parametrize("is_ill", [True, False])
async def test_a_handle_tells_nobody_whether_what_is_hidden_is_like_its_mask(told, is_ill):
    """What stands in its place is false, 0 or nothing, and so may be what is hidden."""
    label = Label(integrity=Integrity.SYSTEM, readers=frozenset({"hr"}))

    @tool(tier="read", labels={"/is_ill": label})
    def read_staff() -> dict[str, bool]:
        """Read who is ill."""
        return {"is_ill": is_ill}

    stage, _, _ = await told(
        "Refund the order ORD-000042.",
        call("read_staff"),
        Naming("refund_order", order_id="ORD-000042", amount=1, urgent="{0}.is_ill"),
        tools=[*TOOLS, read_staff],
    )
    assert answers(stage)[-1]["code"] == "handle_closed"
    assert DONE == []


@pytest.mark.promise("P9")
@pytest.mark.parametrize("guess", ["ada@example.com", "bob@example.com"])
async def test_a_handle_tells_nobody_which_keys_are_hidden(told, guess):
    label = Label(integrity=Integrity.SYSTEM, readers=frozenset({"hr"}))

    @tool(tier="read", labels={"/*": label})
    def read_wages() -> dict[str, str]:
        """Read the wages."""
        return {"ada@example.com": "EUR 74,291.55"}

    named = "{0}." + guess.replace("~", "~0").replace(".", "~1")
    stage, _, _ = await told(
        "Note that.",
        call("read_wages"),
        Naming("note_down", text=named),
        tools=[read_wages, note_down],
    )
    assert answers(stage)[-1]["code"] == "handle_unknown"


# -- runs ------------------------------------------------------------------------------------------


@tool(tier="irreversible", effect="idempotent")
def pay(account: str, amount: float) -> str:
    """Pay somebody."""
    DONE.append((account, amount))
    return "paid"


def paying():
    """The same in every process."""
    return ScriptedModel(
        call("read_order"),
        Naming("pay", account="{0}.id", amount="{0}.lines.0.price"),
        Naming("send_email", to="{0}.email", body="{1}"),
        "Done.",
        by_turn=True,
    )


def clerk_of(model):
    return Agent(name="clerk", model=model, tools=[*TOOLS, pay], handles=True)


async def test_another_process_shows_and_takes_the_same_handles(scene):
    first, second = paying(), paying()
    stage = await scene(clerk_of(first), names=False)
    held = await stage.run("clerk", "Pay for ORD-000042 and send an e-mail.")
    assert held.status is RunStatus.HELD
    await stage.reopen(clerk_of(second))
    await stage.approve(held)
    run = await stage.resume(held)
    assert run.status is RunStatus.COMPLETED
    assert DONE == [("ORD-000042", 80.0), ("ada@example.com", "paid")]
    before, after = first.requests[-1].messages, second.requests[0].messages
    assert after[: len(before)] == before
    await stage.check()


class Dying:
    """A store whose process dies before one of its commits, until it is told otherwise."""

    def __init__(self, store, left):
        self._store = store
        self.left = left

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, entries, *, fence):
        if self.left == 0:
            raise LedgerError("the process is gone")
        self.left -= 1
        return await self._store.append(entries, fence=fence)


def noting():
    return ScriptedModel(
        call("read_order"),
        Naming("keep", account="{0}.id", amount="{0}.lines.1.price"),
        Naming("keep", account="{0}.lines.0.sku", amount="{0}.total"),
        "Done.",
        by_turn=True,
    )


@pytest.mark.promise("P11")
@pytest.mark.parametrize("left", range(3, 12))
async def test_wherever_a_process_dies_the_values_are_those_that_were_named(scene, left):
    @tool(tier="reversible", effect="idempotent")
    def keep(account: str, amount: float) -> str:
        """Keep an account."""
        DONE.append((account, amount))
        return "kept"

    def keeper():
        return Agent(name="clerk", model=noting(), tools=[read_order, keep], handles=True)

    stage = await scene(keeper(), names=False, wrap=lambda store: Dying(store, left))
    with contextlib.suppress(LedgerError):
        await stage.run("clerk", "Keep the account of ORD-000042.")
    stage.wrap = lambda store: store
    await stage.reopen(keeper())
    for each in await stage.bodies("run.started"):
        await stage.resume(each["run"])
        # A read that died has no result, and so no handle that the script could take.
        is_cut = any(body.get("code") == "interrupted" for body in await stage.bodies("call.ended"))
        named = [] if is_cut else [("ORD-000042", 4.5), ("TEA-1", 84.5)]
        assert list(dict.fromkeys(DONE)) == named


@pytest.mark.promise("P5")
async def test_a_run_below_knows_its_own_handles_and_none_of_the_run_above(scene):
    seen = []

    def below(request):
        root = re.search(r"\$v\d+[a-z]{2}", request.messages[0].text).group()
        seen.append(root)
        return call("send_email", to=f"{root}.email")

    helper_model = ScriptedModel(below, "Done.")
    helper = Agent(name="helper", model=helper_model, tools=[send_email], handles=True)
    boss_model = ScriptedModel(
        call("read_order"), Naming("ask_helper", task="Write to {0}.email, please."), "Done."
    )
    boss = Agent(name="boss", model=boss_model, tools=[read_order], team=[helper], handles=True)
    stage = await scene(boss, names=False)
    await stage.run("boss", "Send an e-mail.")
    told = [e.content for e in helper_model.requests[-1].messages if isinstance(e, ToolMessage)]
    assert "handle_unknown" in told[0]
    assert DONE == []
    assert len(seen) == 1


async def test_direct_calls_take_no_handles(scene, alice):
    stage = await scene(clerk_of(paying()), names=False)
    outcome = await stage.runtime.call(send_email, {"to": "$v1aa.email"}, principal=alice)
    assert outcome.unwrap() == "sent"
    assert DONE == [("$v1aa.email", "")]
