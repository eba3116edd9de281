"""All of them, as an agent is offered them."""

from collections.abc import Callable
from typing import Any, Final

from highroad.tools.transforms.arithmetic import (
    compute_difference,
    compute_maximum,
    compute_minimum,
    compute_percentage,
    compute_product,
    compute_quotient,
    compute_rounded,
    compute_sum,
)
from highroad.tools.transforms.days import (
    compute_date,
    compute_date_text,
    compute_day_of_month,
    compute_days_between,
    compute_weekday,
)
from highroad.tools.transforms.records import compute_count, compute_pick
from highroad.tools.transforms.texts import (
    compute_amount_text,
    compute_joined,
    compute_text_between,
    compute_text_part,
)

TRANSFORMS: Final[tuple[Callable[..., Any], ...]] = (
    compute_amount_text,
    compute_count,
    compute_date,
    compute_date_text,
    compute_day_of_month,
    compute_days_between,
    compute_difference,
    compute_joined,
    compute_maximum,
    compute_minimum,
    compute_percentage,
    compute_pick,
    compute_product,
    compute_quotient,
    compute_rounded,
    compute_sum,
    compute_text_between,
    compute_text_part,
    compute_weekday,
)
