"""What of a memory is sealed."""

from typing import Any, Final

import orjson

from highroad.domain.error import VaultError
from highroad.domain.label import Integrity, Label
from highroad.domain.memory import Memory, MemoryScope, MemorySource, SealedMemory
from highroad.domain.value import value

_VERSION: Final = 1


@value
class MemoryContent:
    """A memory, whoever reads it."""

    text: str
    kind: str
    source: MemorySource
    author: str
    """Opaque id of the user in whose run, or in whose name, it was remembered."""
    readers: frozenset[str] | None = None
    """Opaque ids or roles that may read it; `None` is everybody of its space."""

    def is_for(self, reader: str, roles: frozenset[str]) -> bool:
        """Whether a user, by opaque id, may read it."""
        return self.readers is None or not self.readers.isdisjoint({reader, *roles})

    def label(self, reader: str) -> Label:
        """How far that user may trust it: as far as their own words, or not at all."""
        is_own = self.source is MemorySource.USER and self.author == reader
        return Label(Integrity.USER if is_own else Integrity.UNTRUSTED, self.readers)

    def read_by(self, reader: str, sealed: SealedMemory, scope: MemoryScope) -> Memory:
        """The memory as that user may see it."""
        return Memory(
            id=sealed.id,
            text=self.text,
            kind=self.kind,
            scope=scope,
            source=self.source,
            created_ms=sealed.created_ms,
            label=self.label(reader),
        )


def freeze_content(content: MemoryContent) -> bytes:
    """A memory's content, to be sealed."""
    return orjson.dumps(
        {
            "v": _VERSION,
            "text": content.text,
            "kind": content.kind,
            "source": content.source,
            "author": content.author,
            "readers": None if content.readers is None else sorted(content.readers),
        }
    )


def thaw_content(frozen: bytes) -> MemoryContent:
    """What `freeze_content` was given.

    Raises:
        VaultError: A newer version froze it.
    """
    told: dict[str, Any] = orjson.loads(frozen)
    if told["v"] > _VERSION:
        raise VaultError(
            f"this memory was kept by a newer highroad (form {told['v']}, this one reads up to "
            f"{_VERSION}): read it by that one"
        )
    readers = told["readers"]
    return MemoryContent(
        text=told["text"],
        kind=told["kind"],
        source=MemorySource(told["source"]),
        author=told["author"],
        readers=None if readers is None else frozenset(readers),
    )
