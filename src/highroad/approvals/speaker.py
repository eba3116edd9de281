"""Who says something about a held call."""

from typing import TypedDict

from highroad.domain.identity import Assurance, Principal, ShownBy
from highroad.domain.value import value


@value(kw_only=False)
class Speaker:
    """Who says something, and how that is known."""

    principal: Principal
    assurance: Assurance | None = None
    shown_by: ShownBy | None = None

    @property
    def said(self) -> "Said":
        """What an order says of it."""
        by = self.shown_by or ShownBy()
        return Said(assurance=self.assurance, key_id=by.key_id, session_id=by.session_id)


class Said(TypedDict):
    """How an order says that its author is known."""

    assurance: Assurance | None
    key_id: str | None
    session_id: str | None
