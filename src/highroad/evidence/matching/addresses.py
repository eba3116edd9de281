"""Postal addresses: the members of one object, as the one text that people write of them."""

from collections.abc import Iterator, Mapping
from typing import Final

from highroad.domain.json_value import JsonValue

# In the order in which they are written; of each, the names that members have for it.
_FIRST_LINE: Final = (
    "street address address1 address_line1 address_line_1 line1 line_1 street_address"
)
_PARTS: Final = (
    "address2 address_line2 address_line_2 line2 line_2 unit",
    "city town locality",
    "state province region",
    "zip zip_code zipcode postcode postal_code",
    "country country_code",
)
_NAMES: Final = {
    name: order for order, names in enumerate((_FIRST_LINE, *_PARTS)) for name in names.split()
}
_CITY: Final = 2


def texts(members: Mapping[str, JsonValue]) -> Iterator[str]:
    """The address whose parts are members of one object, with its second line and without."""
    parts: dict[int, str] = {}
    for name, each in members.items():
        order = _NAMES.get(name.casefold())
        if order is not None and isinstance(each, str) and each:
            parts.setdefault(order, each)
    if 0 in parts and _CITY in parts:
        written = [parts[order] for order in sorted(parts)]
        yield "\n".join(written)
        if 1 in parts:
            yield "\n".join([parts[0], *written[2:]])
