"""How many tokens a text takes, told without a tokenizer and without a network.

Vocabularies are not ours to ship, and their libraries fetch them. So a text is taken apart by what
its characters are, and each part counts what such parts were measured to take at most;
`docs/context.md` has how far that is off. It errs on the side of too many.
"""

import re
from collections.abc import Iterable
from math import ceil
from typing import Final, assert_never

import orjson

from highroad.agents.context.illustrated import Illustrated
from highroad.domain.model import Message, ModelMessage, OfferedTool, ToolMessage, UserMessage
from highroad.domain.tool import ToolDefinition

# Both look behind: tried at every letter of a long row of them, they would read it that often.
_MIXED: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]+[0-9]|[0-9]+[A-Za-z])[A-Za-z0-9]+")
"""Ids, hashes, base64: letters and digits without a border."""
_ACCENTED: Final = re.compile(r"(?<![A-Za-z])[A-Za-z]*[\u00a1-\u024f][A-Za-z\u00a1-\u024f]*")
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_SIGNS: Final = re.compile(r"[!-/:-@\[-`{-~]+")
_SPACE: Final = re.compile(r"\s{2,}|[^\S ]|[\x01-\x08\x0e-\x1b\x7f]")
_APART: Final = "\0"
"""Stands where a part was counted, so that its neighbours stay two."""

_BY_CHARACTER: Final = (
    (
        re.compile("[\u0080-\u00a0\u0250-\u1dff]"),
        0.55,
    ),  # Cyrillic, Greek, Arabic, Hebrew, of India and Thailand
    (re.compile("[\u1e00-\u2e7f]"), 1.0),
    (re.compile("[\u2e80-\uffff]"), 1.0),  # Chinese, Japanese, Korean
    (re.compile("[\U00010000-\U000dffff]"), 2.5),  # emoji
    (re.compile("[\U000e0000-\U0010ffff]"), 4.0),  # what nobody sees
)
_CHARACTERS_OF_MIXED: Final = 1.4
"""That one token holds, at the least."""
_CHARACTERS_OF_ACCENTED: Final = 1.9
_LETTERS: Final = 5
"""Of a word, for each token after its first letter."""
_NUMBER: Final = 3
"""Digits of one token."""
_RUN: Final = 3
"""Signs in a row of one token, such as `","`."""
_MARGIN: Final = 1.1

MOST_OF_ASCII: Final = 1.5
MOST_OF_OTHERS: Final = 5.0
"""No character is estimated at more tokens than these."""

_MESSAGE: Final = 8
"""Tokens that a message takes besides its text: role and borders."""
_NATIVE: Final = 3
"""Bytes of a token of what a provider wants back."""
CHARACTERS_OF_TOKEN: Final = 2
"""At the least, in any tongue that models speak."""


def estimate(text: str) -> int:
    """Tokens of a text, rather too many than too few."""
    mixed = _MIXED.findall(text)
    tokens = sum(map(len, mixed)) / _CHARACTERS_OF_MIXED + text.count(_APART)
    if mixed:
        text = _MIXED.sub(_APART, text)
    if not text.isascii():
        tokens += _beyond_ascii(text)
        text = _ACCENTED.sub(_APART, text)
    tokens += sum(1 + (len(word) - 1) // _LETTERS for word in _WORD.findall(text))
    tokens += sum(0.1 + -(-len(digits) // _NUMBER) for digits in _DIGITS.findall(text))
    tokens += sum(1 + (len(signs) - 1) / _RUN for signs in _SIGNS.findall(text))
    tokens += len(_SPACE.findall(text))
    return ceil(tokens * _MARGIN) + 1


def _beyond_ascii(text: str) -> float:
    tokens = sum(max(1.0, len(each) / _CHARACTERS_OF_ACCENTED) for each in _ACCENTED.findall(text))
    return tokens + sum(len(kind.findall(text)) * each for kind, each in _BY_CHARACTER)


def most_of(text: str) -> int:
    """What `estimate` gives at most: as quick as looking at the length."""
    return ceil(len(text) * (MOST_OF_ASCII if text.isascii() else MOST_OF_OTHERS)) + 2


def tokens_of(message: Message) -> int:
    """Tokens of a message, estimated."""
    return _fixed_tokens(message) + sum(map(estimate, _texts(message)))


def most_tokens_of(message: Message) -> int:
    """What `tokens_of` gives at most."""
    return _fixed_tokens(message) + sum(map(most_of, _texts(message)))


def characters_of(message: Message) -> int:
    """Characters of the texts of a message; of an image or a file, as many as cost the same."""
    drawn = message.tokens * CHARACTERS_OF_TOKEN if isinstance(message, Illustrated) else 0
    return drawn + sum(map(len, _texts(message)))


def standing_tokens(instructions: str, tools: Iterable[OfferedTool | ToolDefinition] = ()) -> int:
    """Tokens of what every request of a run begins with, estimated."""
    return estimate(instructions) + sum(_tokens_of_tool(tool) for tool in tools)


def _tokens_of_tool(tool: OfferedTool | ToolDefinition) -> int:
    schema = orjson.dumps(dict(tool.input_schema)).decode()
    return _MESSAGE + estimate(tool.name) + estimate(tool.description) + estimate(schema)


def _fixed_tokens(message: Message) -> int:
    if isinstance(message, ModelMessage):
        return _MESSAGE * (1 + len(message.calls)) + len(message.native) // _NATIVE
    if isinstance(message, Illustrated):
        return _MESSAGE + message.tokens
    return _MESSAGE


def _texts(message: Message) -> Iterable[str]:
    match message:
        case UserMessage():
            return (message.text,)
        case ModelMessage():
            calls = (
                part for call in message.calls for part in (call.id, call.tool, call.arguments)
            )
            return (message.text, *calls)
        case ToolMessage():
            return (message.id, message.content)
        case _:
            assert_never(message)
