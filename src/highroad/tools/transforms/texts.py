"""Parts of texts by exact rules, and texts put together.

What they make is content: whichever texts go in, the model chose the cut (`composition`).
"""

from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from highroad.domain.error import ToolError
from highroad.tools.declaring.declare import tool
from highroad.tools.transforms.arithmetic import Number

Text: TypeAlias = Annotated[str, Field(max_length=20_000)]
Mark: TypeAlias = Annotated[str, Field(max_length=200)]
Part: TypeAlias = Literal["first_line", "last_line", "trimmed", "lower", "upper"]
Currency: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Separator: TypeAlias = Literal["", " ", ", ", "; ", "-", "/", "\n"]
AmountStyle: TypeAlias = Literal["1,234.50", "1.234,50", "1 234.50", "1234.50"]
_SIGNS: Final[dict[AmountStyle, tuple[str, str]]] = {
    "1,234.50": (",", "."),
    "1.234,50": (".", ","),
    "1 234.50": (" ", "."),
    "1234.50": ("", "."),
}

ERRORS: Final = {
    "not_found": "The text does not have what was given. Copy it as it stands in the text.",
    "not_rounded": "The amount has more digits behind the point. Round it first.",
    "too_long": "The texts together have more than 20,000 characters. Join fewer.",
}
_MOST: Final = 20_000


@tool(tier="read", transform=True)
async def compute_text_part(text: Text, part: Part) -> str:
    """Take a part of a text, or write it otherwise, by an exact rule.

    Use for first lines and for the case of letters. Not for summaries.

    Args:
        text: As it stands in what was read.
        part: The first or last line that is not empty; without blanks around; in small or capital
            letters.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    match part:
        case "first_line":
            return lines[0] if lines else ""
        case "last_line":
            return lines[-1] if lines else ""
        case "trimmed":
            return text.strip()
        case "lower":
            return text.lower()
        case "upper":
            return text.upper()


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_text_between(text: Text, start: Mark = "", end: Mark = "") -> str:
    """Take what stands between two marks in a text: the first start, and the first end behind it.

    Use to cut a value out of a longer text. Not for searching texts by meaning.

    Args:
        text: As it stands in what was read.
        start: What stands right before; empty is the beginning of the text.
        end: What stands right behind; empty is the end of the text.
    """
    found = text.find(start)
    begin = found + len(start)
    until = text.find(end, begin) if end else len(text)
    if found < 0 or until < 0:
        raise _error("not_found")
    return text[begin:until]


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_joined(
    texts: Annotated[list[Text], Field(min_length=1, max_length=200)], separator: Separator = " "
) -> str:
    """Put texts together in their order.

    Use for names and lists that people read. Not for ids, addresses or paths.

    Args:
        texts: As they stand in what was read.
        separator: What comes between two of them.
    """
    joined = separator.join(texts)
    if len(joined) > _MOST:
        raise _error("too_long")
    return joined


@tool(tier="read", transform=True, errors=ERRORS)
async def compute_amount_text(
    amount: Number,
    currency: Currency,
    style: AmountStyle = "1,234.50",
    places: Literal[0, 2, 3] = 2,
) -> str:
    """Write an amount of money with its currency for people to read.

    Use in mails and answers. Not for arguments of tools, which take numbers.

    Args:
        amount: In the major unit, for example 1234.50.
        currency: Three letters of ISO 4217, for example "EUR".
        style: As 1234.50 is written in it.
        places: Digits behind the point: 2 for most, 0 for yen.
    """
    exact = Decimal(repr(amount))
    if exact != round(exact, places):
        raise _error("not_rounded")
    groups, point = _SIGNS[style]
    written = f"{abs(exact):,.{places}f}".translate({ord(","): groups, ord("."): point})
    return f"{currency} {'-' if exact < 0 else ''}{written}"


def _error(code: str) -> ToolError:
    return ToolError("There is no such text.", code=code, hint=ERRORS[code], applied=False)
