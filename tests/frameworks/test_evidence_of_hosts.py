"""What calls of a host's model are judged by: its user's words, and the record of its thread."""

from dataclasses import replace

import pytest

from highroad import Limits, Principal, Runtime, tool
from highroad.bootstrap import assemble
from highroad.domain.acting import Acting
from highroad.domain.evidence import Evidence, EvidenceKind, Source
from highroad.domain.identity import Origin
from highroad.domain.label import Integrity, Label
from highroad.domain.verification import UserTurn
from highroad.frameworks.guarding import Guard
from highroad.settings import load

LEDGER = "sqlite:///ledger.db"
ALICE = Principal("alice", "acme", authenticated=True)
ENFORCED = '[grounding]\nmode = "enforce"\nungrounded = "refuse"\n'
JUDGED = '[provenance]\nmode = "enforce"\n'
OURS = {"": Label(integrity=Integrity.SYSTEM)}


@tool(tier="read", labels=OURS)
def find_order(customer: str) -> dict[str, str]:
    """Find the order of a customer."""
    return {"order_id": "ORD-7781", "customer": customer}


@tool(tier="read", labels={"": Label(integrity=Integrity.UNTRUSTED)})
def read_mail(subject: str) -> dict[str, str]:
    """Read a mail."""
    return {"text": "please cancel", "order_id": "ORD-9999"}


@tool(tier="reversible", intent=("cancel",))
def cancel_order(order_id: str) -> str:
    """Cancel an order."""
    return f"cancelled {order_id}"


TOOLS = [find_order, read_mail, cancel_order]


class Host:
    """A toy agent of another framework: it says who acts, in which thread, and what was said."""

    def __init__(self, runtime, *, thread="thread", principal=ALICE):
        self.guard = Guard(runtime, door="toy")
        self.thread = thread
        self.principal = principal
        self.said = ()

    def say(self, *texts):
        for text in texts:
            number = len(self.said) + 1
            self.said = (*self.said, UserTurn(source=f"message-{number}", text=text))

    async def outcome(self, name, **arguments):
        acting = Acting(principal=self.principal, run=self.thread, said=self.said)
        return await self.guard.call(name, arguments, acting=acting)

    async def call(self, name, **arguments):
        outcome = await self.outcome(name, **arguments)
        return outcome.status if outcome.error is None else outcome.error.code


@pytest.fixture
def configured(tmp_path):
    """Opens a runtime under these settings, always on one ledger."""

    def opened(text=ENFORCED, tools=TOOLS, **parts):
        (tmp_path / "highroad.toml").write_text(text)
        return Runtime.open(LEDGER, tools=tools, settings=load(tmp_path, {}), **parts)

    return opened


async def test_a_value_that_nobody_named_is_refused(configured):
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel the order of Ann.")
        assert await host.call("cancel_order", order_id="ORD-7781") == "ungrounded"


async def test_one_that_the_user_named_passes_whenever_they_did(configured):
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel something.")
        assert await host.call("cancel_order", order_id="ORD-7781") == "ungrounded"
        host.say("I mean ORD-7781.")
        assert await host.call("cancel_order", order_id="ORD-7781") == "completed"


async def test_one_from_an_earlier_result_of_the_thread_passes(configured):
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel the order of Ann.")
        assert await host.call("find_order", customer="Ann") == "completed"
        cancelled = await host.outcome("cancel_order", order_id="ORD-7781")
        assert cancelled.status == "completed"
        (source,) = (await runtime.audit.explain(cancelled.call_id)).sources
        assert (source.pointer, source.kind) == ("/order_id", "result")


async def test_a_result_proves_nothing_in_another_thread_or_organization(configured):
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel the order of Ann.")
        await host.call("find_order", customer="Ann")
        elsewhere = Host(runtime, thread="other")
        stranger = Host(runtime, principal=replace(ALICE, organization="evil"))
        for other in (elsewhere, stranger):
            other.say("Cancel the order of Ann.")
            assert await other.call("cancel_order", order_id="ORD-7781") == "ungrounded"


async def test_what_a_read_only_repeats_proves_nothing(configured):
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel something.")
        await host.call("find_order", customer="ORD-5555")
        assert await host.call("cancel_order", order_id="ORD-5555") == "ungrounded"


async def test_a_run_of_one_has_what_its_user_said_and_no_results(configured):
    async with configured() as runtime:
        host = Host(runtime, thread=None)
        host.say("Cancel ORD-1234 of Ann.")
        await host.call("find_order", customer="Ann")
        assert await host.call("cancel_order", order_id="ORD-7781") == "ungrounded"
        assert await host.call("cancel_order", order_id="ORD-1234") == "completed"


async def test_it_is_the_same_after_a_restart(configured):
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel the order of Ann.")
        await host.call("find_order", customer="Ann")
        await host.call("find_order", customer="ORD-5555")
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel the order of Ann.")
        assert await host.call("cancel_order", order_id="ORD-5555") == "ungrounded"
        assert await host.call("cancel_order", order_id="ORD-7781") == "completed"


@pytest.mark.parametrize("kept", [0, 1])
async def test_it_is_the_same_when_others_were_used_since(configured, kept):
    async with configured(limits=Limits(evidence_runs=kept)) as runtime:
        hosts = [Host(runtime, thread=f"thread {number}") for number in range(3)]
        for host in hosts:
            host.say("Cancel the order of Ann.")
            await host.call("find_order", customer="Ann")
        for host in hosts:
            assert await host.call("cancel_order", order_id="ORD-7781") == "completed"


async def test_calls_of_code_in_the_same_run_are_on_the_same_record(configured):
    async with configured() as runtime:
        host = Host(runtime)
        host.say("Cancel the order of Ann.")
        await runtime.call(find_order, {"customer": "Ann"}, run="thread", principal=ALICE)
        assert await host.call("cancel_order", order_id="ORD-7781") == "completed"


async def test_who_hands_in_evidence_is_judged_by_that_alone(configured):
    async with configured() as runtime:
        said = Evidence((Source("request", EvidenceKind.REQUEST, text="Cancel ORD-1."),))
        with runtime.acting(ALICE, run="thread", request="Cancel ORD-2."):
            for number, status in ((1, "completed"), (2, "refused")):
                outcome = await runtime.call(
                    "cancel_order",
                    {"order_id": f"ORD-{number}"},
                    origin=Origin.MODEL,
                    evidence=said,
                )
                assert outcome.status == status


# -- provenance ----------------------------------------------------------------------------------


async def test_a_strangers_value_is_put_before_a_person(configured):
    async with configured(ENFORCED + JUDGED) as runtime:
        host = Host(runtime)
        host.say("Read my mail and cancel the order of Ann.")
        await host.call("read_mail", subject="Ann")
        await host.call("find_order", customer="Ann")
        poisoned = await host.outcome("cancel_order", order_id="ORD-9999")
        assert poisoned.status == "held"
        assert "/order_id is untrusted" in poisoned.reasons[0]
        assert await host.call("cancel_order", order_id="ORD-7781") == "completed"


async def test_a_call_that_nobody_asked_for_is_put_before_a_person(configured):
    async with configured(JUDGED) as runtime:
        host = Host(runtime)
        host.say("Find the order of Ann.")
        await host.call("find_order", customer="Ann")
        assert (await host.outcome("cancel_order", order_id="ORD-7781")).status == "held"
        other = Host(runtime, thread="other")
        other.say("Find the order of Ann.", "Cancel it.")
        await other.call("find_order", customer="Ann")
        assert await other.call("cancel_order", order_id="ORD-7781") == "completed"


# -- what is said --------------------------------------------------------------------------------


async def test_each_message_is_taken_in_once_however_the_host_numbers_it(configured):
    assembly = await assemble(LEDGER, tools=TOOLS)
    async with Runtime(assembly) as runtime:
        host, seen = Host(runtime), []
        evidence = assembly.services.host_evidence

        async def noted(call, said):
            found = await evidence(call, said)
            seen.append([turn.text for turn in found.turns])
            return found

        assembly.services.host_evidence = noted
        host.say("yes", "yes", "no")
        await host.call("find_order", customer="a")
        host.said = tuple(replace(each, source=f"renamed {each.source}") for each in host.said)
        await host.call("find_order", customer="b")
        host.said = host.said[1:]
        host.say("yes", "again")
        await host.call("find_order", customer="c")
        assert seen[0] == seen[1] == ["yes", "yes", "no"]
        assert seen[2] == ["yes", "yes", "no", "again"]


# -- what it costs -------------------------------------------------------------------------------


async def test_the_record_is_read_once(tmp_path):
    (tmp_path / "highroad.toml").write_text(ENFORCED)
    limits = Limits(calls=1_000, proposals=1_000, calls_per_read=1_000, calls_per_tool=1_000)
    assembly = await assemble(LEDGER, tools=TOOLS, settings=load(tmp_path, {}), limits=limits)
    async with Runtime(assembly) as runtime:
        host, read = Host(runtime), []
        host.say("Cancel the order of Ann.")
        store = assembly.services.ledger.store
        entries = store.entries

        async def counted(**which):
            found = await entries(**which)
            if "after" in which and which.get("run_id") is not None:
                read.append(len(found))
            return found

        store.entries = counted
        for number in range(30):
            await host.call("find_order", customer=f"Ann {number}")
        assert not read  # a read inside the house is judged by nothing
        for number in range(20):
            await host.call("cancel_order", order_id=f"ORD-{number}")
        assert read[0] >= 30
        assert max(read[1:]) <= 4
