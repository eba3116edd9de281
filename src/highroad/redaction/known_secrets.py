"""Secrets that this process has met, put out of sight wherever they would be told or kept.

A pattern finds what looks like a key; here is known what the keys are. It is one for the process,
as its log is: a value that one runtime fetched must not be told by another.
"""

import re
import threading
from collections import Counter
from typing import Final

import orjson

from highroad.domain.json_value import JsonValue
from highroad.domain.secret import MASK

_MOST: Final = 1_000
"""Values that are known at once. What rotates every minute must not make all else slow."""
_REMEMBERED: Final = 4
"""Contents that were found clean, and need not be looked through again."""
_MASK_BYTES: Final = MASK.encode()


class KnownSecrets:
    """Values, in every form in which they may be written, and how to hide them."""

    def __init__(self) -> None:
        self.is_empty: bool = True
        """Nothing is known, and nobody need look; asked on every call."""
        self._values: dict[str, frozenset[str]] = {}
        self._passing: Counter[str] = Counter()
        """Values that are known until whoever told them takes them back, and how often each is."""
        self._changing = threading.Lock()
        self._use(frozenset())

    def add(self, text: str) -> None:
        """Know a value from now on; one that is too short to tell from chance is not looked for.

        Of more than 1,000 the ones that were not added again for longest are forgotten.
        """
        # Only who has a secret needs to know how HTML and the like write one (N4).
        from highroad.redaction.secret_forms import forms_of  # noqa: PLC0415 - see above

        with self._changing:
            known = self._values.pop(text, None)
            self._values[text] = forms_of(text) if known is None else known
            if known is not None:
                return
            if len(self._values) > _MOST:
                del self._values[next(iter(self._values))]
            self._use_all()

    def add_for_now(self, text: str) -> None:
        """Know a value until it is taken back as often as it was added.

        So no caller can have any word hidden for good, or push out what was fetched.
        """
        with self._changing:
            self._passing[text] += 1
            self._use_all()

    def take_back(self, text: str) -> None:
        """Know a value no more that was added for now, unless somebody else added it as well."""
        with self._changing:
            self._passing[text] -= 1
            self._passing += Counter()
            self._use_all()

    def forget_all(self) -> None:
        """Know nothing any more, as a test does that is over."""
        with self._changing:
            self._values.clear()
            self._passing.clear()
            self._use(frozenset())

    def _use_all(self) -> None:
        from highroad.redaction.secret_forms import forms_of  # noqa: PLC0415 - as above

        self._use(frozenset().union(*self._values.values(), *map(forms_of, self._passing)))

    def _use(self, forms: frozenset[str]) -> None:
        # The longest first, or half a value would be left behind one that it begins with.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._forms: tuple[str, ...] = tuple(ordered)
        self._bytes: tuple[bytes, ...] = tuple(
            form.encode(errors="surrogatepass") for form in ordered
        )
        self._clean: tuple[bytes, ...] = ()
        """Looked through last, and without any: what is told is sealed as well, the very object."""
        self.is_empty = not ordered

    # -- finding -----------------------------------------------------------------------------

    def is_in(self, text: str) -> bool:
        """Whether a text has any of them."""
        # One search after the other is by far quicker than an alternation: each runs at the speed
        # of memory, and nearly every text has none.
        return any(form in text for form in self._forms)

    def is_in_bytes(self, data: bytes) -> bool:
        """Whether bytes have any of them."""
        return self._in(data) != []

    def _in(self, data: bytes) -> list[bytes]:
        clean = self._clean
        if any(data is each for each in clean):
            return []
        looked_for = self._bytes
        found = [form for form in looked_for if form in data]
        if not found:
            with self._changing:
                # Another thread may have learned of one that was not looked for.
                if looked_for is self._bytes:
                    self._clean = (data, *clean[: _REMEMBERED - 1])
        return found

    # -- hiding ------------------------------------------------------------------------------

    def hidden(self, text: str) -> str:
        """A text with a mask in place of each; itself where it has none."""
        found = [form for form in self._forms if form in text]
        return _pattern(found).sub(MASK, text) if found else text

    def hidden_bytes(self, data: bytes) -> bytes:
        """Bytes, likewise: of a text, of a file, or of anything else."""
        found = self._in(data)
        if not found:
            return data
        return re.compile(b"|".join(map(re.escape, found))).sub(_MASK_BYTES, data)

    def hidden_content(self, data: bytes) -> bytes:
        """What is to be sealed, likewise: JSON stays JSON, of which numbers are no text."""
        if not self._in(data):
            return data
        try:
            json = orjson.loads(data)
        except orjson.JSONDecodeError:
            return self.hidden_bytes(data)
        return orjson.dumps(self._walked(json))

    def hidden_json(self, json: JsonValue) -> JsonValue:
        """A value with its leaves and keys likewise; itself where it has none.

        A number that is one becomes 0; digits inside a longer number are there by chance.
        """
        try:
            is_clean = not self.is_in_bytes(orjson.dumps(json))
        except TypeError:  # what orjson cannot write is looked through
            is_clean = False
        return json if is_clean else self._walked(json)

    def _walked(self, json: JsonValue) -> JsonValue:
        match json:
            case str():
                return self.hidden(json)
            case dict():
                return {self.hidden(key): self._walked(each) for key, each in json.items()}
            case list() | tuple():
                return [self._walked(each) for each in json]
            case int() | float() if not isinstance(json, bool):
                return 0 if str(json) in self._forms else json
            case _:
                return json

    def stream(self) -> "SecretStream":
        """Hides them in a text that comes in pieces."""
        return SecretStream(self)

    def held_back(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a value."""
        if self.is_empty:
            return 0
        longest = len(self._forms[0]) - 1
        for start in range(max(0, len(text) - longest), len(text)):
            tail = text[start:]
            if any(form.startswith(tail) for form in self._forms):
                return len(text) - start
        return 0


class SecretStream:
    """A text in pieces: what may be the beginning of a value waits for the next one."""

    def __init__(self, known: KnownSecrets) -> None:
        self._known = known
        self._waiting = ""

    def feed(self, piece: str) -> str:
        """As much as can be told with this piece; it may be nothing."""
        if self._known.is_empty and not self._waiting:
            return piece
        text = self._known.hidden(self._waiting + piece)
        kept = self._known.held_back(text)
        self._waiting = text[len(text) - kept :]
        return text[: len(text) - kept]

    def end(self) -> str:
        """What still waits: no value comes any more."""
        rest, self._waiting = self._waiting, ""
        return rest


def _pattern(forms: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, forms)))


KNOWN: Final = KnownSecrets()
"""Those of this process."""
