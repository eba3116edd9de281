"""Tools that come while a runtime is open are judged as those that it was opened with."""

import asyncio
import base64
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest

from highroad import Compensation, Fallback, Principal, Runtime, ToolContext, tool, tool_from_schema
from highroad.bootstrap import Parts, assemble
from highroad.domain.error import DeclarationError, HighroadError, SettingsError
from highroad.domain.label import Label
from highroad.settings import load
from highroad.sync import Runtime as SyncRuntime
from highroad.testing import FakeClock
from highroad.tools.pins.file import write_pins

LEDGER = "sqlite:///ledger.db"
ALICE = Principal("alice", name="Alice", authenticated=True)


@tool(tier="read")
def look(name: str) -> str:
    return name


@tool
def wire(cents: int) -> int:
    return cents


def spend(cents: int) -> int:
    return cents


def note(name, source="", **options):
    """A tool by its schema: own code, or what a server lists."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    schema["required"] = ["text"]

    def body(arguments):
        return arguments["text"]

    given = {"name": name, "description": "Note.", "tier": "read", **options}
    return tool_from_schema(body, parameters=schema, source=source, **given)


def settings_of(folder, text):
    (folder / "highroad.toml").write_text(text)
    return load(folder, {})


@pytest.fixture
def production(tmp_path, monkeypatch):
    """Settings of production, with the definitions that the pins file accepts."""
    monkeypatch.setenv("HIGHROAD_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())

    def make(*accepted, rules=""):
        definitions = [each.declaration.definition for each in accepted]
        (tmp_path / "highroad.pins").write_text(write_pins(definitions))
        allowing = 'profile = "production"\n[policy]\nallow = ["*"]\n'
        return settings_of(tmp_path, allowing + rules)

    return make


async def asked(runtime, name="note", **circumstances):
    outcome = await runtime.call(name, {"text": "a"}, **circumstances)
    return outcome.status if outcome.error is None else outcome.error.code


async def test_what_is_added_is_called_and_found_and_told():
    async with Runtime.open(LEDGER) as runtime:
        assert await asked(runtime, "look") == "unknown_tool"
        (added,) = runtime.add(look)
        assert (await runtime.call("look", {"name": "a"})).unwrap() == "a"
        assert runtime.find("look") is runtime.find(look) is added
        assert runtime.find("other") is runtime.find(wire) is None
        assert runtime.tools == runtime.tools_for(runtime.principal) == (added,)


async def test_the_same_again_changes_nothing():
    async with Runtime.open(LEDGER, tools=[look]) as runtime:
        before = runtime.tools
        assert runtime.add(look, look) == (*before, *before)
        assert runtime.tools == before


@pytest.mark.parametrize(
    "wrong",
    [
        tool(name="look")(wire),
        tool(tier="read", fallback=Fallback(to="nobody"))(spend),
        tool(compensation=Compensation(to="nobody"))(spend),
        tool(ask="args.cents >")(spend),
        object(),
    ],
    ids=["taken", "fallback", "compensation", "ask", "nothing"],
)
async def test_one_that_cannot_be_taken_in_keeps_all_of_them_out(wrong):
    other = note("other", ask="true")
    async with Runtime.open(LEDGER, tools=[look]) as runtime:
        before = runtime.tools
        with pytest.raises(DeclarationError):
            runtime.add(other, wrong)
        assert runtime.tools == before
        assert await asked(runtime, "other") == "unknown_tool"
        assert (await runtime.call("look", {"name": "a"})).unwrap() == "a"
        runtime.add(other)
        assert await asked(runtime, "other") == "confirmation_required"


class Shop:
    """What a body asks for."""


async def test_a_body_whose_dep_nobody_makes_is_refused():
    @tool(tier="read")
    def buy(context: ToolContext[Shop]) -> str:
        return type(context.deps).__name__

    async with Runtime.open(LEDGER) as runtime:
        with pytest.raises(DeclarationError, match=r"deps=\{Shop: factory\}"):
            runtime.add(buy)
    async with Runtime.open(LEDGER, deps={Shop: Shop}) as runtime:
        runtime.add(buy)
        assert (await runtime.call(buy, {})).unwrap() == "Shop"


async def test_who_stands_in_may_come_with_whom_it_stands_in_for():
    @tool(tier="read", fallback=Fallback(to="look"), transient=(OSError,))
    def see(name: str) -> str:
        raise OSError(name)

    async with Runtime.open(LEDGER) as runtime:
        runtime.add(see, look)
        assert (await runtime.call(see, {"name": "a"})).unwrap() == "a"


# -- what was accepted (P8) ----------------------------------------------------------------------


@pytest.mark.promise("P8")
async def test_what_comes_from_elsewhere_waits_for_a_person():
    async with Runtime.open(LEDGER) as runtime:
        runtime.add(note("note", "https://carrier.example"))
        assert await asked(runtime) == "definition_changed"
        await runtime.definitions.accept("note", by=ALICE)
        assert await asked(runtime) == "completed"
    async with Runtime.open(LEDGER) as runtime:
        runtime.add(note("note", "https://carrier.example"))
        assert await asked(runtime) == "completed"
        runtime.add(note("note", "https://carrier.example", version="2", description="Steal."))
        assert [each.definition.version for each in runtime.definitions.unaccepted()] == ["2"]


@pytest.mark.promise("P8")
async def test_production_compares_what_is_added_with_the_pins_file(production):
    async with Runtime.open(LEDGER, settings=production(note("note"))) as runtime:
        runtime.add(note("note"), note("other"))
        assert await asked(runtime) == "completed"
        assert await asked(runtime, "other") == "definition_changed"
    async with Runtime.open(LEDGER, settings=production()) as runtime:
        runtime.add(note("note"))
        assert await asked(runtime) == "definition_changed"


@pytest.mark.promise("P8")
async def test_own_code_is_on_record_as_it_comes():
    assembly = await assemble(LEDGER)
    async with Runtime(assembly) as runtime:
        runtime.add(note("note"))
        await runtime.flush()
        assert [name for name, _ in await assembly.services.ledger.pins()] == ["note"]


# -- settings ------------------------------------------------------------------------------------


async def test_a_rule_of_the_settings_waits_for_its_tool(tmp_path, caplog):
    settings = settings_of(tmp_path, '[contracts.note]\ntier = "privileged"')
    with caplog.at_level(logging.WARNING, "highroad"):
        async with Runtime.open(LEDGER, settings=settings) as runtime:
            assert "contracts.note waits for a tool" in caplog.text
            (added,) = runtime.add(note("note", tier="irreversible"))
            assert added.tier == "privileged"


async def test_what_is_almost_the_name_of_a_tool_is_a_mistake(tmp_path):
    settings = settings_of(tmp_path, '[contracts.lok]\ntier = "privileged"')
    with pytest.raises(SettingsError, match=r"did you mean look\?.*Runtime.open\(tools=\["):
        await Runtime.open(LEDGER, tools=[look], settings=settings)


async def test_production_waits_for_no_tool_that_nobody_accepted(production):
    rules = '[contracts.note]\ntier = "privileged"'
    with pytest.raises(SettingsError, match=r"contracts\.note: there is no such tool, and nobody"):
        await Runtime.open(LEDGER, settings=production(rules=rules))
    async with Runtime.open(LEDGER, settings=production(note("note"), rules=rules)) as runtime:
        assert runtime.tools == ()


async def test_configured_rules_hold_for_what_is_added(tmp_path):
    text = """
        [policy.ask."n*"]
        level = "args.text == 'a'"
        [policy.roles.clerk]
        permissions = ["notes:read"]
    """
    async with Runtime.open(LEDGER, settings=settings_of(tmp_path, text)) as runtime:
        runtime.add(note("note", permissions=["notes:read"]), note("other", permissions=["all"]))
        clerk = Principal("carl", roles=("clerk",), authenticated=True)
        assert await asked(runtime, principal=ALICE) == "unknown_tool"
        assert await asked(runtime, principal=clerk) == "confirmation_required"
        report = await runtime.audit.report(since_ms=0)
        assert [(each.permission, each.tools) for each in report.unused] == [("all", ("other",))]


async def test_statements_in_cedar_are_held_against_what_is_added(tmp_path):
    (tmp_path / "all.cedar").write_text(
        '@id("all") permit (principal, action, resource) when { context.args.text == "a" };'
    )
    settings = settings_of(tmp_path, '[policy]\ncedar = ["all.cedar"]')
    async with Runtime.open(LEDGER, tools=[note("note")], settings=settings) as runtime:
        with pytest.raises(SettingsError, match=r"all.cedar:"):
            runtime.add(wire)  # it has no text to compare
        assert runtime.find("wire") is None
        assert await asked(runtime) == "completed"
        runtime.add(note("other"))
        assert await asked(runtime, "other") == "completed"


async def test_what_one_tool_says_of_its_readers_concerns_those_that_were_here():
    @tool(tier="read", labels={"/salary": Label(readers=frozenset({"hr"}))})
    def salary() -> dict[str, int]:
        return {"salary": 1}

    assembly = await assemble(LEDGER, tools=[look])
    async with Runtime(assembly) as runtime:
        await runtime.call(look, {"name": "a"})
        assert assembly.services.plans
        runtime.add(salary)
        assert not assembly.services.plans
        assert assembly.services.registry.has_readers


async def test_health_checks_of_what_is_added_are_run():
    checked = asyncio.Event()

    async def health():
        checked.set()

    @tool(tier="read", dependency="bank", health=health)
    def balance() -> int:
        return 1

    clock = FakeClock()
    runtime = Runtime(await assemble(LEDGER, parts=Parts(clock=clock)))
    await runtime._start()  # noqa: SLF001 - as `Runtime.open` does, which takes no parts
    runtime.add(balance)
    for _ in range(40):
        await asyncio.sleep(0)
        clock.advance(1)
    await asyncio.wait_for(checked.wait(), 5)
    await runtime.close()


# -- threads and loops ---------------------------------------------------------------------------


async def test_another_thread_hands_them_over():
    async with Runtime.open(LEDGER) as runtime:
        (added,) = await asyncio.to_thread(runtime.add, look)
        assert runtime.tools == (added,)
        with pytest.raises(DeclarationError):
            await asyncio.to_thread(runtime.add, tool(name="look")(wire))


def test_the_synchronous_runtime_takes_them_too():
    with SyncRuntime.open(LEDGER) as runtime:
        runtime.add(look)
        assert runtime.find(look).name == "look"
        assert runtime.call(look, {"name": "a"}).unwrap() == "a"
    with pytest.raises(HighroadError, match=r"closed|does not run"):
        runtime.add(wire)


def test_a_loop_that_stands_still_says_so():
    loop = asyncio.new_event_loop()
    runtime = loop.run_until_complete(_opened())
    with pytest.raises(HighroadError, match="does not run"):
        runtime.add(look)
    loop.run_until_complete(runtime.close())
    loop.close()


async def _opened():
    return await Runtime.open(LEDGER)


async def test_a_closed_runtime_takes_nothing_in():
    async with Runtime.open(LEDGER) as runtime:
        pass
    with pytest.raises(HighroadError, match="closed"):
        runtime.add(look)


async def test_calls_in_flight_go_on():
    begun, go_on = asyncio.Event(), asyncio.Event()

    @tool(tier="read")
    async def slow(context: ToolContext) -> str:
        begun.set()
        await go_on.wait()
        return (await context.call("look", {"name": "a"})).unwrap()

    async with Runtime.open(LEDGER, tools=[slow]) as runtime:
        call = asyncio.create_task(runtime.call(slow, {}))
        await begun.wait()
        runtime.add(look)
        go_on.set()
        assert (await call).unwrap() == "a"


async def test_many_threads_add_at_once():
    async with Runtime.open(LEDGER) as runtime:
        together = threading.Barrier(4, timeout=10)

        def add(number):
            together.wait()
            return runtime.add(note(f"note_{number}"), look)

        await asyncio.gather(*(asyncio.to_thread(add, number) for number in range(4)))
        assert len(runtime.tools) == 5
        assert json.dumps([each.name for each in runtime.tools]).count("note_") == 4


def guard_of(host):
    return import_module(f"highroad.frameworks.{host}").guard


@pytest.mark.parametrize("host", ["langgraph", "openai_agents", "pydantic_ai"])
def test_threads_that_guard_the_same_new_tools_at_once_all_have_them(host, tmp_path):
    """As a server does that builds its agent for each request."""
    guard = guard_of(host)

    def see(name: str) -> str:
        """Look."""
        return name

    for number in range(5):
        with (
            SyncRuntime.open(f"sqlite:///{tmp_path}/{number}.db") as runtime,
            ThreadPoolExecutor(4) as pool,
        ):
            begins = threading.Barrier(4)

            def guarded(_, runtime=runtime, begins=begins):
                begins.wait()
                return guard([see], runtime, contracts={"see": {"tier": "read"}})

            names = [tool.name for (tool,) in pool.map(guarded, range(4))]
            assert names == ["see"] * 4
