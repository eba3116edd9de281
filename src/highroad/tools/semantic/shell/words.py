"""A command line as words, in the part of the shell's language that is no more than words.

What a POSIX shell would do beyond splitting (POSIX.1-2024, 2.2 and 2.6) has no words here: expand,
redirect, chain, comment, escape. Quotes group; within double quotes nothing is expanded either.
"""

import re
from typing import Final

# Without quotes, only what no shell gives a meaning: the characters that `shlex.quote` leaves bare.
# Atomic, so that a text that fails, fails at once.
_BARE: Final = r"[A-Za-z0-9_@%+=:,./-]++"
_SINGLE: Final = r"'[^']*+'"
_DOUBLE: Final = r'"[^"$`\\!]*+"'
_PIECE: Final = re.compile(rf"{_BARE}|{_SINGLE}|{_DOUBLE}")
# `=name` is a path to zsh.
_WORD: Final = re.compile(rf"(?!=)(?>{_BARE}|{_SINGLE}|{_DOUBLE})++")
_LINE: Final = re.compile(rf"[ \t]*+{_WORD.pattern}(?>[ \t]++{_WORD.pattern})*+[ \t]*+")
# Control characters, line ends, halves of pairs, and what nobody sees or what turns the direction
# of writing: whoever approves a command must see what will run.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def words_of(text: str) -> list[str] | None:
    """The words that a POSIX shell would pass on, or `None` if it would do more than split."""
    if _UNSEEN.search(text) or not _LINE.fullmatch(text):
        return None
    return [_unquoted(match[0]) for match in _WORD.finditer(text)]


def _unquoted(word: str) -> str:
    pieces = _PIECE.findall(word)
    return "".join(piece[1:-1] if piece[0] in "'\"" else piece for piece in pieces)
