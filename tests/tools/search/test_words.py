"""Names and texts are taken apart alike, so that they can be compared."""

import pytest

from highroad.tools.search.words import affirmed, name_words, plain_words, words


@pytest.mark.parametrize(
    "name", ["get_order_status", "getOrderStatus", "GetOrderStatus", "get-order.status"]
)
def test_a_name_is_split_however_it_is_written(name):
    """At underscores, hyphens, dots and humps."""
    assert plain_words(name) == ("get", "order", "status")


def test_an_abbreviation_stays_one_word():
    """A hump begins where small letters follow."""
    assert plain_words("parseHTTPResponse") == ("parse", "http", "response")


@pytest.mark.parametrize(
    "forms",
    [
        ("refund", "refunds", "refunded", "refunding"),
        ("cancel", "cancels", "cancelled", "cancelling"),
        ("city", "cities"),
        ("calculate", "calculation", "calculating", "calculator"),
        ("address", "addresses"),
    ],
    ids=lambda forms: forms[0],
)
def test_forms_of_a_word_are_one(forms):
    """Whoever asks for a refund may speak of refunding."""
    assert len({words(form) for form in forms}) == 1


def test_words_that_build_a_sentence_say_nothing():
    """Else every request would be about `the`."""
    assert words("What is it that you would have me do with the vase?") == ("vas",)


def test_the_digest_that_made_a_name_legal_is_no_word_of_it():
    """A provider's names have letters alone; the digest tells nothing of the tool."""
    assert name_words("math_hypot_36bfe0a8") == words("math hypot")
    assert name_words("open_facade") == words("open facade")


def test_what_a_tool_is_not_for_is_left_out():
    """`Not for cancelling an order` speaks of another tool."""
    said = "Pay back a part. Not for cancelling an order; use cancel_order for that. Quick."
    assert affirmed(said) == "Pay back a part.  Quick."
