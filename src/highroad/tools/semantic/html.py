"""A fragment of HTML that does nothing but look: judged by what a sanitizer would leave of it.

Nothing is changed on the way. What sanitizing would take out is refused, so that the text which
the model sent is the one that was judged, is bound by an approval, and goes out. `clean` changes
it, for whoever would rather have that, where they see it.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING, Final, TypeAlias
from unicodedata import normalize

from highroad.domain.json_value import JsonObject
from highroad.tools.semantic.rule import Semantic

if TYPE_CHECKING:
    from nh3 import Cleaner

ContentFilter: TypeAlias = Callable[[str], str | None]
"""From the text that readers see, to the form that would have been right, or `None`; like
`objection`, it never quotes the text."""

_PLAIN: Final = """
    abbr b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q
    s small span strong sub sup table tbody td tfoot th thead tr u ul
"""
ELEMENTS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_PLAIN.split(), frozenset[str]()),
    "a": frozenset({"href", "title"}),
    "abbr": frozenset({"title"}),
    "ol": frozenset({"start"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
}
"""Text, lists, tables and links. No images: a reader's program fetches them unasked, and so tells
whoever wrote the address whatever stands in it."""

_Tag: TypeAlias = tuple[str, frozenset[tuple[str, str]] | None]
"""Its name, and the attributes of a start tag; an end tag has none."""
_Piece: TypeAlias = _Tag | str
"""A tag, or words without blanks and with references decoded."""

_MOST: Final = 100_000
_WITHIN_A_LINE: Final = "a abbr b code del em i ins kbd mark q s small span strong sub sup u"
_IMPLIED: Final[tuple[_Tag, ...]] = (("tbody", frozenset()), ("tbody", None))
# Elements that run, fetch or submit something, and those whose content is read by other rules
# (HTML 13.1.2, 13.2.6.5), on which parsers fall out with each other (mutation XSS, Heiderich 2013).
_NEVER: Final = """
    annotation-xml applet audio base body button embed fieldset form frame frameset head html iframe
    input isindex keygen link listing marquee math meta noembed noframes noscript object option
    output param picture plaintext portal script select source style svg template textarea title
    track video xmp
"""
_NEVER_ATTRIBUTES: Final = re.compile(
    r"on.*|style|srcdoc|srcset|action|formaction|background|data|http-equiv|is|id|name|slot|xmlns.*"
)
_LINKS: Final = frozenset({"cite", "href", "longdesc", "src"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

# What NFKC folds to `<`.
_LOOK_ALIKE: Final = re.compile("[\N{SMALL LESS-THAN SIGN}\N{FULLWIDTH LESS-THAN SIGN}]")

# Every `<` begins one of these, so there is no comment, no declaration, nothing cut off and
# nothing that two readers could end at different places.
_SPACE: Final = r"[ \t\r\n]"
_TAG: Final = re.compile(
    rf"</(?P<end>[a-z][a-z0-9]*+){_SPACE}*+>"
    r"|<(?P<start>[a-z][a-z0-9]*+)"
    rf"(?P<attributes>(?:{_SPACE}++[a-z][a-z-]*+(?:=\"[^\"<>`]*+\"|='[^'<>`]*+')?+)*+)"
    rf"{_SPACE}*+/?>",
    re.IGNORECASE | re.ASCII,
)
_ATTRIBUTE: Final = re.compile(r"([a-z][a-z-]*+)(?:=\"([^\"]*+)\"|='([^']*+)')?+", re.IGNORECASE)
# In an attribute a reference without its semicolon is none (HTML 13.2.5.73): `?a=1&copy=2`.
_HALF_REFERENCE: Final = re.compile(r"&(?=[A-Za-z][A-Za-z0-9]*+(?!;))")


class Html(Semantic):
    """A fragment of HTML in which a sanitizer finds nothing to take out.

    Args:
        elements: The attributes of each element that may stand in it; `ELEMENTS` are the default.
        schemes: Of the links.
        max_length: In characters.
        content_filter: Objects to what readers see.

    Raises:
        ImportError: `nh3` is not installed; the message says how.
    """

    code = "html"
    refuses = (
        "Scripts, event handlers, styles, frames, forms, comments, links of other schemes, and "
        "every element and attribute that is not named: in the reader's program they would run, "
        "fetch or submit. Images, which are fetched unasked, are refused unless named. So is what "
        "is cut off or nested wrongly, because it may end elsewhere on the page than it says."
    )

    def __init__(
        self,
        *,
        elements: Mapping[str, Collection[str]] = ELEMENTS,
        schemes: Collection[str] = frozenset({"https", "http", "mailto"}),
        max_length: int = _MOST,
        content_filter: ContentFilter | None = None,
    ) -> None:
        if any(isinstance(each, str) for each in (schemes, *elements.values())):
            raise TypeError('schemes and attributes are several, for example {"a": {"href"}}')
        self.elements: dict[str, frozenset[str]] = {
            name: frozenset(elements[name]) for name in sorted(elements)
        }
        self.schemes: frozenset[str] = frozenset(schemes)
        self.max_length = max_length
        self.content_filter = content_filter
        _refuse_unsafe(self.elements, self.schemes)
        self._cleaner = _cleaner(self.elements, self.schemes)

    def objection(self, text: str) -> str | None:
        """Refuse what sanitizing would take out, in whole or in part, and what the filter does."""
        if len(text) > self.max_length:
            return f"at most {self.max_length} characters of HTML"
        if _CONTROL.search(text):
            return "HTML without control characters"
        # As it stands, and as a reader that folds compatibility characters would take it: U+FF1C
        # becomes `<`.
        folded = normalize("NFKC", text)
        forms = (self._form(each) for each in dict.fromkeys((text, folded)))
        return next((form for form in forms if form is not None), None) or self._filtered(text)

    def clean(self, text: str) -> str:
        """What sanitizing leaves: a text in which `objection` finds no fault but the filter's.

        A text beyond `max_length` stays beyond it.
        """
        left = self._cleaned(text)
        # Once more, because a reference may have become a control character, and taken out it
        # may leave the name of a scheme behind.
        while (again := self._cleaned(left)) != left:
            left = again
        return left

    def _cleaned(self, text: str) -> str:
        return _CONTROL.sub(
            "", self._cleaner.clean(_LOOK_ALIKE.sub("&lt;", _CONTROL.sub("", text)))
        )

    def schema(self) -> JsonObject:
        """The media type, and the elements in words."""
        return {
            "contentMediaType": "text/html",
            "maxLength": self.max_length,
            "description": f"A fragment of {self._named()}; every element closed.",
        }

    def _form(self, text: str) -> str | None:
        said, left = _read(text), _read(self._cleaner.clean(text))
        if said is None or left is None:
            return "HTML in which every `<` begins a complete tag, or is written as `&lt;`"
        if said == left:
            return None
        names = {piece[0] for piece in said if not isinstance(piece, str)}
        if names <= self.elements.keys() and _bare(said) != _bare(left):
            return "HTML in which each element is closed, where it may stand and was opened"
        return self._named()

    def _filtered(self, text: str) -> str | None:
        return None if self.content_filter is None else self.content_filter(_seen(text))

    def _named(self) -> str:
        elements = ", ".join(
            f"{name} ({' '.join(sorted(attributes))})" if attributes else name
            for name, attributes in self.elements.items()
        )
        return f"HTML of these elements (attributes) only: {elements}; links of {self._links()}"

    def _links(self) -> str:
        return ", ".join(sorted(self.schemes)) or "no scheme"


def _read(text: str) -> list[_Piece] | None:
    """What a text says, piece by piece, or `None` where a `<` begins something else than a tag.

    Without what a parser may leave out or put in: blanks, `tbody` (HTML 13.2.6.4.9).
    """
    pieces: list[_Piece] = []
    at = 0
    for found in _TAG.finditer(text):
        pieces += _words(text[at : found.start()])
        pieces += _tag(found)
        at = found.end()
    pieces += _words(text[at:])
    return None if "<" in _TAG.sub("", text) else pieces


def _words(text: str) -> Iterator[str]:
    words = "".join(unescape(text).split())
    if words:
        yield words


def _tag(found: re.Match[str]) -> Iterator[_Tag]:
    name = (found["start"] or found["end"]).lower()
    tag = (name, frozenset(_attributes(found["attributes"])) if found["start"] else None)
    if tag not in _IMPLIED:
        yield tag


def _bare(pieces: Sequence[_Piece]) -> list[tuple[str, bool] | str]:
    """The pieces without attributes."""
    return [each if isinstance(each, str) else (each[0], each[1] is None) for each in pieces]


def _seen(text: str) -> str:
    """What readers see: words run on over elements within a line, and end at all others."""
    return unescape(_TAG.sub(_gap, text))


def _gap(tag: re.Match[str]) -> str:
    return "" if (tag["end"] or tag["start"]).lower() in _WITHIN_A_LINE.split() else "\n"


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for name, double, single in _ATTRIBUTE.findall(text):
        yield name.lower(), unescape(_HALF_REFERENCE.sub("&amp;", double or single))


def _refuse_unsafe(elements: Mapping[str, frozenset[str]], schemes: Collection[str]) -> None:
    unsafe = elements.keys() & set(_NEVER.split())
    for attributes in elements.values():
        unsafe |= {each for each in attributes if _NEVER_ATTRIBUTES.fullmatch(each)}
    unsafe |= set(schemes) & {"javascript", "vbscript", "data", "blob", "file"}
    if unsafe:
        raise ValueError(
            f"{', '.join(sorted(unsafe))} cannot be made safe; "
            f"leave it out of the elements, attributes and schemes of Html"
        )


def _cleaner(elements: Mapping[str, frozenset[str]], schemes: Collection[str]) -> "Cleaner":
    try:
        from nh3 import Cleaner  # noqa: PLC0415 - an extra, for those who use this type
    except ImportError:
        raise ImportError(
            "Html needs nh3, which is not installed: pip install 'highroad[html]'", name="nh3"
        ) from None
    return Cleaner(
        tags=set(elements),
        # Without `*`, `lang` and `title` would be allowed everywhere.
        attributes={"*": set(), **{name: set(named) for name, named in elements.items()}},
        url_schemes=set(schemes),
        attribute_filter=_as_it_stands,
        link_rel=None,
    )


def _as_it_stands(_element: str, attribute: str, value: str) -> str | None:
    """Take out a value that is another to somebody who folds compatibility characters.

    Such a value ends the tag too early, or leads by another scheme. Of quotation marks in ASCII,
    the one that would end it is written as a reference.
    """
    folded = normalize("NFKC", value.replace('"', ""))
    is_other = attribute in _LINKS and normalize("NFKC", value) != value
    return None if is_other or set(folded) & set('`<>"') else value
