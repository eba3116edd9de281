"""The context that a body sees, and the hooks that may take it or leave it out."""

import functools

import pytest

from highroad.domain.identity import Principal
from highroad.testing import Deferred, tool_context
from highroad.tools.body.context import ToolContext
from highroad.tools.body.hooks import Hook


class Shop:
    pass


class Progress:
    def remaining_s(self):
        return 2.5

    async def call(self, tool, arguments, *, idempotency_key):
        return (tool, arguments, idempotency_key)


def context() -> ToolContext[Shop]:
    return ToolContext[Shop](
        call_id="call_1",
        run_id="run_1",
        principal=Principal("ann"),
        deps=Shop(),
        progress=Progress(),
    )


@pytest.mark.anyio
async def test_a_body_can_see_its_deadline_and_make_a_governed_call():
    seen = context()
    assert seen.remaining_s == 2.5
    assert await seen.call("get_order", {"order_id": "x"}) == ("get_order", {"order_id": "x"}, None)
    assert (await seen.call("get_order", {}, idempotency_key="k"))[2] == "k"


def test_a_context_made_by_hand_defers_to_the_test():
    seen = tool_context(Shop())
    assert seen.completion_token == "token_test"
    with pytest.raises(Deferred) as deferred:
        seen.defer(expires_s=60)
    assert deferred.value.expires_s == 60
    assert not isinstance(deferred.value, Exception)


@pytest.mark.promise("P7")
def test_a_context_that_is_printed_names_nobody():
    assert repr(context()) == "ToolContext(call_id='call_1', run_id='run_1', attempt=1)"


@pytest.mark.anyio
async def test_a_hook_may_be_sync_or_async_and_take_the_context_or_not():
    async def later(subject):
        return subject

    async def later_with(subject, seen):
        return subject, seen

    assert await Hook.of(lambda subject: subject)("x", "context") == "x"
    assert await Hook.of(lambda subject, seen: (subject, seen))("x", "context") == ("x", "context")
    assert await Hook.of(later)("x", "context") == "x"
    assert await Hook.of(later_with)("x", "context") == ("x", "context")


@functools.wraps(lambda subject, context: None)
def wrapped(*given):
    raise AssertionError(given)


@functools.wraps(wrapped)
def wrapped_again(given):
    raise AssertionError(given)


def test_a_hook_that_is_wrapped_or_bound_takes_what_is_inside():
    assert Hook.of(wrapped).takes_context
    assert Hook.of(wrapped_again).takes_context
    assert Hook.of(functools.partial(lambda a, b, c: None, 1)).takes_context
    assert not Hook.of(", ".join).takes_context
    assert Hook.of(lambda subject, context=None: None).takes_context


@pytest.mark.parametrize(
    "function",
    [
        lambda: None,
        lambda a, b, c: None,
        lambda *a: None,
        lambda a, *b: None,
        lambda a, *, b: None,
        lambda a, **b: None,
    ],
    ids=["nothing", "three", "any", "any more", "by name", "any by name"],
)
def test_a_hook_of_another_form_is_refused(function):
    with pytest.raises(TypeError, match="one value"):
        Hook.of(function)
