"""One word that any shell passes on as it stands."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.semantic import ShellWord

WORD = ShellWord()


def test_slashes_are_taken_where_they_are_meant():
    for text in ("feature/login", "/var/log/syslog", "a/../b"):
        assert WORD.objection(text) is not None
        assert ShellWord(slashes=True).objection(text) is None
    for text in ("-/x", "a/$x", "a\N{FULLWIDTH SOLIDUS}-x;"):
        assert ShellWord(slashes=True).objection(text) is not None


def test_a_pattern_narrows_and_never_widens():
    number = ShellWord(pattern=r"-?\d{1,3}|;")
    assert number.objection("42") is None
    assert number.objection("4242") is not None
    assert number.objection("-42") is not None
    assert number.objection(";") is not None


def test_the_length_is_bounded():
    short = ShellWord(most_length=3)
    assert short.objection("abc") is None
    assert short.objection("abcd") is not None
    assert short.schema()["maxLength"] == 3


def test_the_schema_says_what_a_word_is():
    told = ShellWord(slashes=True, pattern="[a-z/]+").schema()["description"]
    assert told == (
        "Give one word of letters, digits and _ . : @ + - /, not beginning with - + @,"
        " which matches [a-z/]+."
    )


@given(st.text(max_size=6) | st.text("ab-+@.:_/~$`'\"\\|;&<>(){}[]*?!#%^=, \t\n\u2013\uff0d"))
def test_what_passes_needs_no_quotes_and_has_none_of_a_shells_characters(text):
    if ShellWord(slashes=True).objection(text) is None:
        ascii_part = "".join(each for each in text if each.isascii())
        assert not ascii_part or shlex.quote(ascii_part) == ascii_part
        assert shlex.split(text, comments=True) == [text]
        assert not set(text) & set(" \t\r\n~$`'\"\\|;&<>(){}[]*?!#%^=,")
        assert text[0] not in "-+@"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_real_shell_passes_words_on_as_they_stand(shell, tmp_path):
    (tmp_path / "a").touch()
    words = [
        "a",
        "v1.2.3",
        "user@example.com",
        "10:30",
        "..x",
        "C++",
        "müller",
        "日本",
        "a:b.c_d-e",
    ]
    assert [each for each in words if WORD.objection(each) is not None] == []
    done = subprocess.run(
        [shell, "-c", "printf '%s\\0' " + " ".join(words)],
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.decode().split("\0")[:-1] == words
