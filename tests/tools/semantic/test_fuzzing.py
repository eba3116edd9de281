"""Attacks that are mutated, cut, joined with others or encoded once more gain nothing."""

import json
import socket
from contextlib import suppress
from email.utils import getaddresses
from ipaddress import IPv4Address
from os.path import normpath
from pathlib import PurePosixPath
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.ip_address import address_of, is_public
from highroad.tools.semantic import Email, Html, Iban, JsonBlob, Phone, PublicUrl, SafePath

HTML = Html()
URL = PublicUrl(schemes={"http", "https"}, ports=range(1, 65_536))
DOCS = SafePath("/srv/docs")

PIECES = st.sampled_from([*"./\\@:#?%&<>\"'`=[]{}(),; \t\r\n\x00-~0a1", "%2e", "%00", "\uff0e"])
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), PIECES | st.text(max_size=2)))
ENCODINGS = st.lists(
    st.sampled_from(
        [
            lambda text: "".join(f"%{byte:02x}" for byte in text.encode(errors="replace")),
            lambda text: text.replace("%", "%25"),
            lambda text: text.replace(".", "%2E").replace("/", "%2F").replace("\\", "%5C"),
            lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
            "\u200b".join,
            lambda text: text.replace(".", "\N{ONE DOT LEADER}").replace("/", "\N{DIVISION SLASH}"),
        ]
    ),
    max_size=3,
)


def edited(text, edits):
    for where, length, piece in edits:
        at = round(where * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@pytest.fixture(scope="session")
def attacks(entries):
    """A strategy of mutated entries of a corpus, alone or joined with another."""

    def of(*files):
        known = st.sampled_from([text for file in files for text in entries(file)])
        return st.tuples(known, known | st.just(""), EDITS).map(
            lambda each: edited(each[0] + each[1], each[2])
        )

    return of


@given(data=st.data(), encodings=ENCODINGS)
def test_a_path_that_is_refused_is_refused_in_every_encoding(entries, data, encodings):
    text = data.draw(st.sampled_from(list(entries("path_traversal.txt"))))
    for encode in encodings:
        text = encode(text)
    assert DOCS.objection(text) is not None


@given(data=st.data())
def test_a_path_that_passes_stays_below_for_all_who_decode_or_fold(attacks, data):
    text = data.draw(attacks("path_traversal.txt", "ordinary_paths.txt"))
    if DOCS.objection(text) is None:
        for reading in (text, unquote(text), unquote(unquote(text)), normalize("NFKC", text)):
            joined = normpath(PurePosixPath("/srv/docs") / reading)
            assert PurePosixPath(joined).is_relative_to("/srv/docs")
            assert "\x00" not in reading


@given(data=st.data())
def test_a_url_that_passes_leads_outside_for_all_who_read_it(attacks, data):
    text = data.draw(attacks("ssrf_urls.txt", "ssrf_allow_list.txt", "ordinary_urls.txt"))
    if URL.objection(text) is None:
        split = urlsplit(text)
        assert split.username is None
        assert split.scheme in {"http", "https"}
        address = address_of(split.hostname)
        assert address is None or is_public(address)
        with suppress(OSError):
            assert is_public(IPv4Address(socket.inet_aton(split.hostname)))
        # Readers that take the last `@` or the first backslash for the end of something.
        assert "\\" not in text
        assert "@" not in text.partition("://")[2].partition("/")[0]


@given(data=st.data())
def test_an_address_that_passes_is_one_mailbox_for_all_who_read_it(attacks, data):
    text = data.draw(attacks("email_smuggling.txt", "email_domains.txt", "ordinary_emails.txt"))
    if Email().objection(text) is None:
        assert getaddresses([text]) == [("", text)]
        assert text.isascii()
        assert text.isprintable()
        assert "=?" not in text
        assert not text.startswith("-")


@given(data=st.data())
def test_an_account_that_passes_is_one_for_all_who_read_it(attacks, data):
    text = data.draw(attacks("ibans.txt", "iban_countries.txt", "ordinary_ibans.txt"))
    if Iban().objection(text) is None:
        assert normalize("NFKC", text).strip().upper() == text
        assert text.isalnum()
        assert len(text) <= 34


@given(data=st.data())
def test_a_number_that_passes_is_dialled_alike_by_all_who_read_it(attacks, data):
    text = data.draw(attacks("phones.txt", "phone_countries.txt", "ordinary_phones.txt"))
    if Phone().objection(text) is None:
        assert text == f"+{int(text)}"
        assert len(text) <= 16


@given(data=st.data(), encodings=ENCODINGS)
def test_an_account_or_number_is_refused_in_every_encoding(entries, data, encodings):
    file, kind = data.draw(st.sampled_from([("ibans.txt", Iban()), ("phones.txt", Phone())]))
    text = data.draw(st.sampled_from(list(entries(file))))
    for encode in encodings:
        text = encode(text)
    assert kind.objection(text) is not None


@given(data=st.data())
def test_html_that_passes_keeps_every_tag_when_it_is_sanitized(attacks, data):
    text = data.draw(attacks("html_injection.txt", "ordinary_html.txt"))
    left = HTML.clean(text)
    assert HTML.objection(left) is None
    if HTML.objection(text) is None:
        for opening in ("<a", "<b", "<i", "<p", "<td", "</"):
            assert left.lower().count(opening) >= text.lower().count(opening)
        assert not any(name in text.lower() for name in ("<script", "<svg", "<img", "<!", "<?"))


@given(data=st.data())
def test_json_that_passes_is_the_same_to_two_readers(attacks, data):
    text = data.draw(attacks("json_blobs.txt", "ordinary_json.txt"))
    blob = JsonBlob()
    if blob.objection(text) is None:
        assert orjson.loads(text) == json.loads(text) == blob.read(text)
