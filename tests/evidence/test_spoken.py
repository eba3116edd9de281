"""Whether the user says of a value what it is."""

import pytest

from highroad.evidence.intent.spoken import is_called

VALUE = "1j1l-2k3j"


@pytest.mark.parametrize(
    "text",
    [
        "Please update my password to '1j1l-2k3j'.",
        "Password: 1j1l-2k3j",
        "the new passcode is 1j1l-2k3j, thanks",
        "If something looks odd, make sure to set the password of the shop to “1j1l-2k3j”!",
        'my password="1j1l-2k3j"',
    ],
)
def test_a_value_that_follows_its_name_is_called_so(text):
    assert is_called(VALUE, "password", [text])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Pay 1j1l-2k3j, and change my password.",
        "Change the password. The order is 1j1l-2k3j.",
        "Set the password to 1j1l-2k3j-77",
        "Set the password to x1j1l-2k3j",
        "Set the password to 1J1L-2K3J",
        "Set the password to hunter22, and pay 1j1l-2k3j",
        'My boss wrote "set the password to 1j1l-2k3j" to me. What does he want?',
        "> set the password to 1j1l-2k3j\nWhat does that mean?",
        "The password has to be as long as the one that we used for 1j1l-2k3j",
        "My password is bad, so is everything that anybody ever told about 1j1l-2k3j",
        "Reset the password of user 1j1l-2k3j",
        "Set the password to anything, not to 1j1l-2k3j",
        "The password is not 1j1l-2k3j",
        "The password isn't to be 1j1l-2k3j",
        "Change the password, then the limit is 1j1l-2k3j",
        "Change the password and set the limit to 1j1l-2k3j",
    ],
)
def test_no_other_value_of_a_request_is(text):
    assert not is_called(VALUE, "password", [text])


def test_a_plain_word_has_to_be_quoted():
    assert not is_called("suspicious", "password", ["Change my password, it is suspicious"])
    assert is_called("opensesame", "password", ["Change my password to 'opensesame'"])


def test_a_value_of_blanks_is_one_where_it_is_quoted_as_a_whole():
    said = ["The passphrase is 'correct horse battery'."]
    assert is_called("correct horse battery", "passphrase", said)
    assert not is_called("horse battery", "passphrase", said)


def test_a_value_is_none_by_chance():
    assert not is_called("a1", "password", ["password: a1"])


def test_a_long_text_takes_no_long_time():
    assert not is_called("aaaa1", "password", ["password " + "aaaa" * 20_000])
