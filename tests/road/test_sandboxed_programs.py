"""A body has a program run that a model wrote: in what is strong enough, or not at all."""

import json

import pytest

from highroad import ToolContext, tool
from highroad.domain.sandbox import (
    Bound,
    Language,
    Program,
    ProgramLimits,
    ProgramResult,
    SandboxRules,
    Strength,
)
from highroad.domain.tool import Tier
from highroad.pipeline.programs import Programs
from highroad.ports.sandbox import LimitExceeded, ProgramFailed, SandboxError


class Sandbox:
    """Does what it is told to, and remembers what it was asked for."""

    def __init__(self, strength=Strength.NAMESPACES, *, missing=None, gives_files=True):
        self.strength = strength
        self.languages = frozenset({Language.PYTHON})
        self.gives_files = gives_files
        self.does = ProgramResult(value=3)
        self.asked = []
        self._missing = missing

    def missing(self, language):
        return self._missing if language in self.languages else "nothing runs it"

    async def run(self, program, limits):
        self.asked.append((program, limits))
        if isinstance(self.does, SandboxError):
            raise self.does
        return self.does

    async def close(self):
        self.asked.append("closed")


@tool(tier="read")
async def compute(context: ToolContext, text: str) -> int:
    """Compute something."""
    return (await context.run_program(text, {"a": 1})).value


@tool(tier="irreversible", ask="false")
async def change(context: ToolContext, text: str) -> int:
    """Change something, by a program."""
    return (await context.run_program(text)).value


@pytest.fixture
async def here(world):
    return await world(compute, change).open()


@pytest.fixture
def given(here):
    """Puts sandboxes, by name and in order, in the place of those of this machine."""

    def give(rules=None, **sandboxes):
        rules = rules or SandboxRules(order=tuple(sandboxes))
        here.services.programs = Programs(sandboxes, rules)

    return give


async def test_a_program_runs_and_its_result_is_the_tools(here, given):
    sandbox = Sandbox()
    given(it=sandbox)
    outcome = await here.call(compute, {"text": "a + 2"})
    assert outcome.unwrap() == 3
    ((program, limits),) = sandbox.asked
    assert program == Program(language=Language.PYTHON, text="a + 2", inputs={"a": 1})
    assert 0 < limits.wall_s <= ProgramLimits().wall_s


async def test_the_first_in_order_that_is_strong_enough_and_there_runs_it(here, given):
    weak, gone = Sandbox(Strength.LIMITS), Sandbox(missing="a download")
    good, better = Sandbox(), Sandbox(Strength.MACHINE)
    given(weak=weak, gone=gone, good=good, better=better)
    assert (await here.call(compute, {"text": "1"})).unwrap() == 3
    assert [len(each.asked) for each in (weak, gone, good, better)] == [0, 0, 1, 0]
    choice = here.services.programs.choice(Language.PYTHON, Tier.READ)
    assert choice.sandbox == "good"
    assert "weak: limits is less than namespaces" in choice.why
    assert "gone: needs a download" in choice.why


async def test_what_is_not_strong_enough_is_refused_with_what_to_install(here, given):
    weak, gone = Sandbox(Strength.LIMITS), Sandbox(missing="a download")
    given(weak=weak, gone=gone)
    outcome = await here.call(compute, {"text": "1"})
    assert outcome.error.code == "sandbox_unavailable"
    assert "a download" in outcome.error.hint
    assert not weak.asked
    assert not gone.asked


async def test_each_tier_has_a_least_of_its_own(here, given):
    sandbox = Sandbox()
    least = {**SandboxRules().least, Tier.IRREVERSIBLE: Strength.KERNEL}
    given(SandboxRules(order=("it",), least=least), it=sandbox)
    assert (await here.call(compute, {"text": "1"})).status == "completed"
    refused = await here.call(change, {"text": "1"})
    assert refused.error.code == "outcome_unknown"  # the body had begun, and may have done more
    assert len(sandbox.asked) == 1


@pytest.mark.promise("P3")
async def test_a_limit_ends_a_read_as_failed_and_a_change_as_unknown(here, given):
    sandbox = Sandbox()
    sandbox.does = LimitExceeded(Bound.MEMORY, ProgramLimits(memory_mb=7))
    given(it=sandbox)
    failed = await here.call(compute, {"text": "1"})
    assert (failed.status, failed.error.code) == ("failed", "sandbox_limit")
    assert "7 MiB of memory" in failed.error.message
    unknown = await here.call(change, {"text": "1"})
    assert unknown.status == "unknown"
    assert len(sandbox.asked) == 2  # neither was tried again


@pytest.mark.promise("P7")
async def test_words_of_a_program_go_to_the_model_and_into_no_entry(here, given):
    sandbox = Sandbox()
    sandbox.does = ProgramFailed("ValueError", "alice@example.com")
    given(it=sandbox)
    failed = await here.call(compute, {"text": "secret_text"})
    assert failed.error.code == "program_failed"
    assert "alice@example.com" in failed.error.message
    record = json.dumps(await here.bodies())
    assert "alice@example.com" not in record
    assert "secret_text" not in record


async def test_a_program_with_files_goes_to_what_gives_some(given, here):
    barren, giving = Sandbox(gives_files=False), Sandbox()
    given(barren=barren, giving=giving)
    choose = here.services.programs.choice
    assert choose(Language.PYTHON, Tier.READ).sandbox == "barren"
    assert choose(Language.PYTHON, Tier.READ, with_files=True).sandbox == "giving"


async def test_a_tool_may_lower_the_limits_of_settings_and_not_raise_them():
    sandbox = Sandbox()
    most = ProgramLimits(memory_mb=100, cpu_s=5)
    programs = Programs({"it": sandbox}, SandboxRules(order=("it",), limits=most))
    program = Program(language=Language.PYTHON, text="1", inputs={})
    asked = ProgramLimits(memory_mb=1_000, cpu_s=1, readable=("/usr",))
    await programs.run(program, Tier.READ, asked, left_s=2.5)
    ((_, limits),) = sandbox.asked
    assert (limits.memory_mb, limits.cpu_s, limits.wall_s) == (100, 1, 2.5)
    assert limits.readable == ("/usr",)


async def test_a_language_that_nothing_runs_is_refused_in_words():
    programs = Programs({"it": Sandbox()}, SandboxRules(order=("it",)))
    choice = programs.choice(Language.COMMAND, Tier.READ)
    assert choice.sandbox is None
    assert "sandbox.order" in choice.why


async def test_closing_the_runtime_closes_what_runs_programs(here, given):
    sandbox = Sandbox()
    given(it=sandbox)
    await here.runtime.close()
    assert sandbox.asked == ["closed"]
