"""What an author writes stays text, in Markdown and in HTML, whatever it looks like."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.policy import Line, PolicyRules, Role
from highroad.tools.catalog.entry import catalog
from highroad.tools.catalog.markdown import escaped, markdown
from highroad.tools.catalog.page import page

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></details><iframe src=//evil.example>",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "a | b\n| --- |\n# Heading\n\n- item\n1. one\n```\ncode\n===\n",
    "<!-- & &lt; --> `x` **bold** _it_ ~~no~~ $x$",
)
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "p", "main", "section"),
    *("h2", "div", "table", "thead", "tr", "th", "tbody", "td", "a", "code", "span", "dl", "dt"),
    *("dd", "small", "pre", "details", "summary"),
}


class Reader(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@pytest.fixture
def hostile(definition):
    """A catalog in which everything that an author may choose is this text."""

    def make(text):
        tool = definition(
            name=text,
            description=text,
            input_schema={
                "type": "object",
                "properties": {text: {"type": "string", "enum": [text], "description": text}},
            },
            output_schema={"type": "object", "properties": {text: {}}},
            permissions=frozenset({text}),
            tags=frozenset({text}),
            examples=({text: text},),
            deprecated=text,
            ask=text,
            key=(text,),
            version=text,
        )
        return catalog([tool], PolicyRules(roles=(Role(name=text, permissions=(Line(text),)),)))

    return make


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_has_our_tags_and_attributes_alone(text, hostile):
    reader = read(page(hostile(text)))

    assert set(reader.tags) <= TAGS
    assert {name for name, _ in reader.attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "id", "href")
    }
    links = [value for name, value in reader.attributes if name == "href"]
    assert all(link.startswith("#tool-") for link in links)
    assert " ".join(text.split()) in " ".join(" ".join(reader.text).split())


def test_a_page_loads_nothing_and_runs_nothing(written):
    html = page(written())

    assert "default-src 'none'" in html
    assert not re.search(r"https?://|url\(|@import|<script|<link", html)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_what_an_author_wrote_and_makes_nothing_of_it(text, hostile):
    ours = markdown(hostile("plain")).splitlines()
    lines = markdown(hostile(text)).splitlines()
    prose = [line for line in lines if not line.startswith(("{", "}", "  "))]

    assert not any("<" in line for line in prose)
    assert not any(re.match(r"\d+[.)]", line) for line in prose)
    for start in ("# ", "```"):
        headings = [line for line in ours if line.startswith(start)]
        assert len([line for line in lines if line.startswith(start)]) == len(headings)
    for line in prose:
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in {4, 5, 6}


@given(text=st.text(alphabet="\\`*_{}[]()#+-.!|<>&~$=@:/1a \n"))
def test_escaped_text_can_be_read_back_and_holds_no_mark_of_its_own(text):
    out = escaped(text)
    back = out.replace("&#8203;", "").replace("&lt;", "<")
    back = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", back).replace("&amp;", "&")

    assert back == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|<]", out)
    assert "://" not in out


def test_a_catalog_of_the_same_tools_is_the_same_text(written):
    assert markdown(written()) == markdown(written())
    assert page(written()) == page(written())
