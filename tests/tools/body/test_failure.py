"""Declared error values: what a body returned is read as the error that it means."""

import pytest

from highroad.domain.error import Code, DeclarationError, ToolError
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool, tool_definition

GONE = ToolError("Gone.", code="gone", applied=False)


def ready(when, **options):
    @tool(tier="read", error_when=when, **options)
    def look_up(order_id: str) -> dict[str, str] | None:
        return {"id": order_id}

    return compile_tool(look_up)


@pytest.mark.parametrize("answer", [None, False])
def test_a_result_is_a_result(answer):
    assert ready(lambda result: answer).error_in({"id": "a"}) is None


def test_without_error_when_everything_is_a_result():
    @tool(tier="read")
    def look_up() -> None:
        """Nothing."""

    assert compile_tool(look_up).error_in({"error": "gone"}) is None


def test_an_error_that_it_means_is_told_whole():
    assert ready(lambda result: GONE if result is None else None).error_in(None) is GONE


def test_text_is_for_the_model():
    error = ready(lambda result: result.get("error")).error_in({"error": "Sold out."})
    assert (error.message, error.code, error.applied) == (
        "Sold out.",
        Code.EXECUTION_ERROR,
        None,
    )


def test_a_declared_code_brings_its_words():
    tool_ = ready(
        lambda result: "gone" if result is None else None,
        errors={"gone": "There is no such order. Search for it by customer."},
    )
    error = tool_.error_in(None)
    assert (error.code, error.message) == (
        "gone",
        "There is no such order. Search for it by customer.",
    )


def test_true_is_a_failure_without_words():
    error = ready(lambda result: not result["ok"]).error_in({"ok": False})
    assert (error.code, error.applied) == (Code.EXECUTION_ERROR, None)
    assert error.message


def test_another_answer_is_a_mistake_of_the_author_that_quotes_nothing():
    with pytest.raises(TypeError, match="not dict") as caught:
        ready(lambda result: result).error_in({"id": "secret"})
    assert "secret" not in str(caught.value)


@pytest.mark.promise("P8")
def test_declared_errors_are_pinned():
    def digest(**options):
        return ready(lambda result: None, **options).definition.digest

    assert digest() != digest(errors={"gone": "Gone."}) != digest(errors={"gone": "Lost."})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"errors": {"Sold out": "x"}}, "'Sold out' is no code"),
        ({"errors": {"gone": ""}}, "errors say of each code"),
        ({"errors": ["gone"]}, "errors say of each code"),
        ({"error_when": "gone"}, "error_when is a function, not str"),
        ({"migrate": {}}, "migrate is a function, not dict"),
        ({"flag": ""}, "flag is empty; leave it out"),
        ({"deprecated": True}, "deprecated is text, not bool"),
        ({"deprecated": ""}, "deprecated is empty"),
        ({"version": "2 beta"}, "'2 beta' is no version"),
        ({"version": ""}, "version is empty"),
        ({"examples": {"text": "a"}}, "examples are several objects"),
        ({"examples": ["a"]}, "example 0 is no JSON object"),
        ({"examples": [{}, {"text": object()}]}, "example 1 is no JSON object"),
    ],
)
def test_options_that_make_no_sense_are_named(options, says):
    with pytest.raises(DeclarationError, match=says):
        tool(name="act", **options)(lambda: None)


@pytest.mark.parametrize(
    ("example", "says"),
    [
        ({}, r"example 1 does not fit the schema: /cents \(required\), expected an integer"),
        ({"cents": "5"}, r"/cents \(type\), expected an integer"),
        ({"cents": 5, "x": 1}, r"the whole \(unknown_argument\), expected only the names `cents`"),
    ],
)
def test_an_example_that_would_be_refused_is_refused_when_the_tool_is_registered(example, says):
    @tool(examples=[{"cents": 1}, example])
    def act(cents: int) -> None:
        raise AssertionError(cents)

    with pytest.raises(DeclarationError, match=says):
        compile_tool(act)


def test_examples_flag_and_deprecation_stand_in_the_definition():
    @tool(
        examples=[{"cents": 1}],
        flag="refunds",
        deprecated="Use version 2.",
        errors={"gone": "Gone."},
    )
    def act(cents: int) -> None:
        raise AssertionError(cents)

    definition = compile_tool(act).definition
    assert definition is tool_definition(act)
    assert definition.examples == ({"cents": 1},)
    assert (definition.flag, definition.deprecated) == ("refunds", "Use version 2.")
    assert definition.errors == {"gone": "Gone."}
