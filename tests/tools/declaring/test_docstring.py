"""Docstrings in the three forms in use give a description and a text per argument."""

import pytest

from highroad.tools.declaring.docstring import read_docstring

GOOGLE = """Refund part of an order.

    Use after get_order.

    Args:
        order_id: Order id,
            for example "ORD-000042".
        cents (int): Amount: in euro cents.
        *more: And more.

    Returns:
        The refund.

    Raises:
        KeyError: No such order.

    Example:
        refund("ORD-000042", 500)
    """
NUMPY = """Refund part of an order.

    Use after get_order.

    Parameters
    ----------
    order_id : str
        Order id,
        for example "ORD-000042".
    cents : int
        Amount: in euro cents.
    more
        And more.

    Returns
    -------
    str
        The refund.
    """
SPHINX = """Refund part of an order.

    Use after get_order.

    :param order_id: Order id,
        for example "ORD-000042".
    :param int cents: Amount: in euro cents.
    :type order_id: str
    :param more: And more.
    :returns: The refund.
    :raises KeyError: No such order.
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_arguments_are_read_in_each_form(text):
    found = read_docstring(text)
    assert found.arguments == {
        "order_id": 'Order id, for example "ORD-000042".',
        "cents": "Amount: in euro cents.",
        "more": "And more.",
    }
    assert found.description.startswith("Refund part of an order.\n\nUse after get_order.")
    assert "KeyError" not in found.description
    assert "The refund." in found.returns


def test_an_example_stays_with_the_description():
    assert 'refund("ORD-000042", 500)' in read_docstring(GOOGLE).description


def test_text_behind_a_section_belongs_to_the_description():
    found = read_docstring("Do it.\n\nArgs:\n    x: One.\n\nNot for two.")
    assert found.arguments == {"x": "One."}
    assert found.description == "Do it.\n\nNot for two."


@pytest.mark.parametrize("text", [None, "", "   ", "Args:", "Args:\n", "Parameters\n----------"])
def test_a_docstring_without_words_is_empty(text):
    found = read_docstring(text)
    assert (found.description, found.arguments) == ("", {})


def test_prose_that_looks_like_a_section_is_left_alone():
    text = "Parameters\nof a curve: a, b.\n\nNote that b: may be nought."
    assert read_docstring(text).description == text
