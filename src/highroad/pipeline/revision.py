"""A held call to which somebody gave other arguments."""

from typing import Final

from highroad.domain.approval import Approval
from highroad.domain.order import Edit
from highroad.domain.payload import SealedPayload
from highroad.domain.value import value

EDITED: Final = "A person changed the arguments of this call before it ran."


@value
class Revision:
    """Why a call that was held takes the road once more: other arguments, given by somebody."""

    instead_of: Approval
    """What people were asked until then."""
    edit: Edit
    reason: SealedPayload | None
    """Why, to ride with the hold of the revision."""
