"""Records of a list: how many they are, and the one that has a value."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from highroad.domain.error import ToolError
from highroad.tools.declaring.declare import tool

Scalar: TypeAlias = str | int | float | bool | None
Record: TypeAlias = dict[str, Scalar]
Records: TypeAlias = Annotated[list[Record], Field(min_length=1, max_length=500)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]

ERRORS: Final = {
    "none": "No record has that value in that field. Copy both as they stand in what was read.",
    "several": "More than one record has that value in that field. Pick by another field.",
}


@tool(tier="read", transform=True)
async def compute_count(items: Annotated[list[Scalar], Field(max_length=2_000)]) -> int:
    """Count the elements of a list.

    Use to say how many there are. Not for adding numbers up.

    Args:
        items: One value of each, copied as they stand in what was read.
    """
    return len(items)


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_pick(records: Records, field: Name, equals: Scalar) -> Record:
    """Pick the one record of a list that has a value in a field.

    Use where exactly one fits. Not for searching; read again for that.

    Args:
        records: As they stand in what was read.
        field: Its name, for example "id".
        equals: The very value of it, for example "PAY-7"; capital letters count.
    """
    found = [each for each in records if field in each and _is_same(each[field], equals)]
    if len(found) != 1:
        code = "several" if found else "none"
        raise ToolError("There is no such record.", code=code, hint=ERRORS[code], applied=False)
    return found[0]


def _is_same(one: Scalar, other: Scalar) -> bool:
    """Whether two values are the same in JSON: 1 is 1.0, and neither is true nor "1"."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other
