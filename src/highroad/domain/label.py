"""How far a value may be trusted, and who may read it."""

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Final


class Integrity(IntEnum):
    """How hard a value is for a stranger to choose; a higher one may stand in for a lower one."""

    UNTRUSTED = 0
    """Free text, web pages, and everything whose source is not known."""
    THIRD_PARTY = 1
    """Said by a party that was authenticated."""
    SYSTEM = 2
    """Fields of our own records: ids, directories, catalogues."""
    USER = 3
    """The user's own request and profile."""

    @property
    def words(self) -> str:
        """As people are told it."""
        return self.word.replace("_", " ")

    @property
    def word(self) -> str:
        """As settings and rules write it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Label:
    """Origin and readership of one JSON leaf."""

    integrity: Integrity = Integrity.UNTRUSTED
    readers: frozenset[str] | None = None
    """Who may read it, by id, opaque id or role; `None` is everybody of the organization."""


UNLABELLED: Final = Label()
"""Fail closed: what nobody labelled is untrusted."""


ANY: Final = "*"
"""In the pointer of a label: every index, and every key."""
CONFIDENTIAL: Final = "confidential"
"""The one reader of what is confidential by its name alone, in labels that nobody declared."""


@dataclass(frozen=True)
class Labels:
    """The label of every leaf of a result.

    `leaves` maps JSON pointers (RFC 6901) to labels, in which the token `*` stands for every index
    and every key. A pointer speaks for all below it; the one with the most tokens wins, of two with
    as many the one that names more of them, and `default` speaks for the rest.
    """

    default: Label = UNLABELLED
    leaves: tuple[tuple[str, Label], ...] = ()

    def at(self, pointer: str) -> Label:
        """Label of the leaf at `pointer`."""
        if not self.leaves:
            return self.default
        found, best = self.default, (0, 0, 0)
        pending = [(self._tree, 0)]
        # A result has many leaves, and a derived contract labels most of them: the tree is walked
        # along the pointer, in place of a comparison with every label.
        for depth, token in enumerate(pointer.split("/"), start=1):
            pending = [
                (below, stars + (key == ANY))
                for branch, stars in pending
                for key in dict.fromkeys((token, ANY))
                if (below := branch.below.get(key)) is not None
            ]
            for branch, stars in pending:
                rank = (depth, -stars, -branch.order)
                if branch.label is not None and rank > best:
                    found, best = branch.label, rank
        return found

    @cached_property
    def restricted(self) -> tuple[str, ...]:
        """Pointers of those that have readers; the default is the empty one."""
        default = ("",) if self.default.readers is not None else ()
        return (*default, *(at for at, label in self.leaves if at and label.readers is not None))

    @cached_property
    def _tree(self) -> "_Branch":
        root = _Branch()
        for order, (pointer, label) in enumerate(self.leaves):
            branch = root
            for token in pointer.split("/"):
                branch = branch.below.setdefault(token, _Branch())
            if branch.label is None:
                branch.label, branch.order = label, order
        return root


@dataclass(slots=True)
class _Branch:
    """What labels say of one token and those behind it."""

    label: Label | None = None
    order: int = 0
    """Of several that are as near, the first counts."""
    below: "dict[str, _Branch]" = field(default_factory=dict)


def leads_to(wide: str, pointer: str) -> bool:
    """Whether a label at `wide` speaks for what is at `pointer`, unless a longer one does."""
    wanted, tokens = wide.split("/"), pointer.split("/")
    return len(wanted) <= len(tokens) and all(
        each in {ANY, token} for each, token in zip(wanted, tokens, strict=False)
    )


NO_LABELS: Final = Labels()
