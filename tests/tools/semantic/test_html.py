"""Fragments of HTML: what sanitizing would take out is refused, and nothing is changed unseen."""

import re
import sys
from html.parser import HTMLParser
from typing import Annotated

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.semantic import Html
from highroad.tools.semantic.html import ELEMENTS
from highroad.tools.validate import Validated, check_arguments

HTML = Html()


class Dangers(HTMLParser):
    """Everything in a text that could do more than look."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in ELEMENTS:
            self.found.append(tag)
        for name, value in attrs:
            if name not in ELEMENTS.get(tag, ()):
                self.found.append(name)
            address = "".join((value or "").split()).lower()
            scheme = re.match(r"[^/?#]*:", address) if name == "href" else None
            if scheme and scheme[0] not in {"https:", "http:", "mailto:"}:
                self.found.append(value)

    def handle_comment(self, data):
        self.found.append("comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


def test_nothing_that_does_more_than_look_is_left_of_an_attack(entries):
    for text in entries("html_injection.txt"):
        assert Dangers(HTML.clean(text)).found == [], text


def test_the_look_out_for_dangers_sees_them():
    for text in ["<script>", "<b onclick=x>", "<a href=' java\nscript:x'>", "<!-- -->", "<img>"]:
        assert Dangers(text).found


def test_what_sanitizing_leaves_of_an_attack_passes(entries):
    for text in entries("html_injection.txt"):
        assert HTML.objection(HTML.clean(text)) is None, text


PIECES = st.sampled_from(
    [
        *("<b>", "</b>", "<p>", "</p>", "<br>", "<ul><li>", "</li></ul>", "<table>", "</table>"),
        *("<tr>", "<td>", "</td></tr>", "<script>", "</script>", "<svg>", "<style>", "</style>"),
        *("<math>", "<!--", "-->", "<![CDATA[", "]]>", "<", ">", "</", "/>", '"', "'", "`", "="),
        *("<a ", 'href="', "https://x.example", "javascript:", "java\tscript&colon;", "x"),
        *(" onclick=", "&lt;", "&#60;", "&amp;", "&#1;", "&copy", "\x00", "\x0b", "\uff1c", "\n"),
        *("\uff02", "\uff1e", "title=", "<img src=", "<noscript>", "<textarea>", "\u00a0", "é"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=14).map("".join)


@given(TEXTS)
@example('<a href="java&#1;script:alert(1)">x</a>')
@example("<b/>")
def test_what_passes_does_nothing_and_sanitizing_takes_nothing_out(text):
    if HTML.objection(text) is None:
        assert Dangers(text).found == []
        assert Dangers(HTML.clean(text)).found == []
        assert HTML.clean(text).count("<a") == text.lower().count("<a")


@given(TEXTS)
@example('<a href="java&#1;script:alert(1)">x</a>')
@example('<a title="\uff02 onclick=x">x</a>')
@example("\uff1cscript>")
def test_what_sanitizing_leaves_passes_and_is_left_as_it_is(text):
    left = HTML.clean(text)
    assert HTML.objection(left) is None
    assert HTML.clean(left) == left
    assert Dangers(left).found == []


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("<script>x</script>", "HTML of these elements (attributes) only: a (href title), abbr"),
        ("<b onclick='x'>x</b>", "HTML of these elements (attributes) only"),
        ("<a href='javascript:x'>x</a>", "HTML of these elements (attributes) only"),
        ("1 < 2", "HTML in which every `<` begins a complete tag, or is written as `&lt;`"),
        ("<b>x", "HTML in which each element is closed, where it may stand and was opened"),
        ("<p><div>x</div></p>", "HTML in which each element is closed"),
        ("a\x08b", "HTML without control characters"),
        ("x" * 100_001, "at most 100000 characters of HTML"),
    ],
)
def test_each_objection_says_the_form_that_would_be_right(text, form):
    assert HTML.objection(text).startswith(form)


def test_elements_and_schemes_are_those_that_were_named():
    html = Html(elements={"img": {"src", "alt"}, "p": set()}, schemes={"https"})
    assert html.objection('<p><img src="https://example.com/x" alt="x"></p>') is None
    assert html.objection('<img src="http://example.com/x">') is not None
    assert html.objection('<img src="https://example.com/x" width="1">') is not None
    assert html.objection('<p title="x">x</p>') is not None
    assert html.objection("<b>x</b>") == (
        "HTML of these elements (attributes) only: img (alt src), p; links of https"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"elements": {"script": ()}},
        {"elements": {"svg": ()}},
        {"elements": {"p": {"onclick"}}},
        {"elements": {"p": {"style"}}},
        {"elements": {"a": {"id"}}},
        {"schemes": {"https", "javascript"}},
        {"schemes": {"data"}},
    ],
)
def test_what_cannot_be_made_safe_cannot_be_named(options):
    with pytest.raises(ValueError, match="cannot be made safe"):
        Html(**options)


@pytest.mark.parametrize("options", [{"elements": {"a": "href"}}, {"schemes": "https"}])
def test_attributes_and_schemes_are_several(options):
    with pytest.raises(TypeError, match="are several"):
        Html(**options)


def no_prices(text):
    return "a text without prices" if "price" in text else None


@pytest.mark.parametrize(
    "text", ["our price", "our pr<b>i</b>ce", "&#112;rice", "<a href='https://x.example'>price</a>"]
)
def test_a_filter_sees_what_readers_see(text):
    assert Html(content_filter=no_prices).objection(text) == "a text without prices"


@pytest.mark.parametrize("text", ["<p>pr</p><p>ice</p>", "pr<br>ice", "nothing of that sort"])
def test_a_filter_sees_words_end_where_they_end_for_readers(text):
    assert Html(content_filter=no_prices).objection(text) is None


def test_a_filter_is_not_asked_about_what_is_refused_anyway():
    assert "elements" in Html(content_filter=no_prices).objection("<script>price</script>")


def publish(body: Annotated[str, Html(elements={"p": (), "b": ()})]) -> str:
    """Publish a page."""
    return body


def test_the_schema_tells_a_model_and_the_body_gets_the_very_text_that_was_judged():
    ready = compile_tool(tool(publish))
    told = ready.definition.input_schema["properties"]["body"]
    assert told["contentMediaType"] == "text/html"
    assert told["description"].startswith(
        "A fragment of HTML of these elements (attributes) only: b, p; links of http, https, mailto"
    )
    text = "<P>Tom & <b>Jerry</b></p>"
    assert check_arguments(ready, {"body": text}) == Validated({"body": text})
    assert ready.bind({"body": text}) == {"body": text}
    checked = check_arguments(ready, {"body": "<p onclick='x'>x</p>"})
    assert isinstance(checked, Invalid)
    assert [(each.pointer, each.code) for each in checked.problems] == [("/body", "html")]


def test_a_missing_sanitizer_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nh3", None)
    with pytest.raises(ImportError, match=r"pip install 'highroad\[html\]'"):
        Html()
