"""How models are shown results."""

from typing import Final

from highroad.domain.showing import USUAL_SHOWING, Showing, WhenImitated, WhenUnseen
from highroad.settings.document import Document
from highroad.settings.kinds import one_of
from highroad.settings.setting import Setting

SETTINGS: Final = (
    Setting(
        "results.unseen",
        one_of(WhenUnseen),
        USUAL_SHOWING.unseen,
        "What becomes of characters that nobody sees, where a result is shown to a model.",
    ),
    Setting(
        "results.imitation",
        one_of(WhenImitated),
        USUAL_SHOWING.imitation,
        "What becomes there of texts that look like words of the program or of an approver.",
    ),
)


def read(document: Document) -> Showing:
    """What was said, and what is usual for the rest."""
    given = document.get(("results",), {})
    return Showing(
        unseen=WhenUnseen(given.get("unseen", USUAL_SHOWING.unseen)),
        imitation=WhenImitated(given.get("imitation", USUAL_SHOWING.imitation)),
    )
