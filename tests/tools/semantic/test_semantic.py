"""E-mail addresses: one mailbox, of the domains that were named, and nothing smuggled in."""

from pathlib import PurePosixPath
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.json_value import JsonObject
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.semantic import Email, SafePath, Semantic
from highroad.tools.validate import Validated, check_arguments


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com",
        "ann.lee+shop@mail.example.co.uk",
        "o'hara_1@xn--bcher-kva.example",
        "a@b.de",
        f"{'a' * 64}@example.com",
    ],
)
def test_ordinary_addresses_pass(address):
    assert Email().objection(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@localhost",
        "ann@example.com,eve@evil.example",
        "ann@example.com;eve@evil.example",
        "ann@example.com eve@evil.example",
        "ann@example.com\nBcc: eve@evil.example",
        "ann@example.com\r\n",
        "Ann <ann@example.com>",
        '"ann@example.com"@evil.example',
        "ann@evil.example@example.com",
        "ann(comment)@example.com",
        "ann..lee@example.com",
        ".ann@example.com",
        "ann.@example.com",
        "ann@-example.com",
        "ann@example..com",
        "ann@example.com.",
        "ann@[127.0.0.1]",
        "ann%evil.example@example.com\x00",
        "ann@exämple.com",
        "аnn@example.com",  # noqa: RUF001 - a Cyrillic letter is the attack
        f"{'a' * 65}@example.com",
        f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.example",
    ],
)
def test_what_is_no_single_plain_address_is_refused(address):
    assert Email().objection(address) is not None


@pytest.mark.parametrize(
    "address",
    [
        "ann@evil.example",
        "ann@sub.example.com",
        "ann@example.com.evil.example",
        "ann@evilexample.com",
    ],
)
def test_other_domains_are_refused_and_the_right_ones_named(address):
    email = Email(domains=["Example.com", "example.org"])
    assert email.objection("ann@EXAMPLE.com") is None
    assert email.objection(address) == "an e-mail address at example.com or example.org"


@pytest.mark.parametrize("domain", ["", "com", "bücher.example", "a@b.example", "127.0.0.1", "x."])
def test_a_domain_is_one_that_mail_can_go_to(domain):
    with pytest.raises(ValueError, match="no domain that mail goes to"):
        Email(domains=[domain])


def test_domains_are_several():
    with pytest.raises(TypeError, match="domains are several"):
        Email(domains="example.com")


@given(st.text() | st.emails())
def test_what_passes_has_one_at_sign_and_no_separator(text):
    if Email().objection(text) is None:
        assert text.count("@") == 1
        assert not set(text) & set(' \t\r\n,;:<>()[]"\\')
        assert text.isascii()


def send(
    to: Annotated[str, Email(domains=["example.com"])],
    copies: list[Annotated[str, Email()]],
    reply_to: Annotated[str | None, Email()] = None,
    attachment: Annotated[PurePosixPath | None, SafePath("/srv/docs")] = None,
) -> None:
    """Send a message.

    Args:
        to: Who gets it.
    """
    raise AssertionError(to, copies, reply_to, attachment)


SEND = compile_tool(tool(send))


def test_the_schema_tells_a_model_what_is_taken():
    members = SEND.definition.input_schema["properties"]
    assert members["to"]["format"] == "email"
    assert members["to"]["description"] == "Who gets it. Only an e-mail address at example.com."
    assert members["copies"]["items"]["format"] == "email"
    assert members["reply_to"]["anyOf"][0]["format"] == "email"
    assert "below /srv/docs" in members["attachment"]["anyOf"][0]["description"]


def test_they_are_judged_wherever_they_stand():
    bad = {
        "to": "a@example.org",
        "copies": ["a@b.de", "a@localhost"],
        "reply_to": "a@localhost",
        "attachment": "../x",
    }
    checked = check_arguments(SEND, bad)
    assert isinstance(checked, Invalid)
    assert not checked.is_authored
    assert {(each.pointer, each.code) for each in checked.problems} == {
        ("/to", "email"),
        ("/copies/1", "email"),
        ("/reply_to", "email"),
        ("/attachment", "path"),
    }


def test_null_is_no_text_and_not_judged():
    good = {"to": "a@example.com", "copies": [], "reply_to": None, "attachment": "a.txt"}
    assert check_arguments(SEND, good) == Validated(good)


def test_a_type_of_ones_own_is_a_code_a_rule_and_a_line():
    class Shouted(Semantic):
        code = "shouted"

        def objection(self, text: str) -> str | None:
            return None if text.isupper() else "capital letters {only}"

        def schema(self) -> JsonObject:
            return {"description": "In capital letters."}

    @tool
    def shout(text: Annotated[str, Shouted()]) -> None:
        raise AssertionError(text)

    ready = compile_tool(shout)
    assert isinstance(check_arguments(ready, {"text": "HELLO"}), Validated)
    checked = check_arguments(ready, {"text": "hello"})
    assert isinstance(checked, Invalid)
    (problem,) = checked.problems
    assert (problem.code, problem.expected) == ("shouted", "capital letters {only}")
