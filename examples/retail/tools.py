"""The shop's 16 tools, as the set describes them.

Whatever changes something is `irreversible`: the shop wants the customer's word before each change.
"""

# ruff: noqa: D417 - docstrings are for models, which never see `context`

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeAlias, TypeVar

from examples.retail import rules
from examples.retail.records import Address, Order, Product, Reason, User
from examples.retail.rules import Context
from examples.retail.shop import ShopError
from pydantic import Field

from highroad import Content, Owned, tool
from highroad.tools.declaring.contract import Control
from highroad.tools.semantic import Email


def _has_changed(key: str, context: Context) -> bool:
    return context.deps.has_changed(key)


def _key(context: Context) -> str:
    return context.idempotency_key or context.call_id


OrderId: TypeAlias = Annotated[str, Field(pattern=r"^#W\d{7}$"), Owned(rules.owner_of_order)]
UserId: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z]+_[a-z]+_\d{4}$"), Owned(rules.owner_of_user)
]
PaymentMethodId: TypeAlias = Annotated[
    str,
    Field(pattern=r"^(gift_card|credit_card|paypal)_\d{7}$"),
    Owned(rules.owner_of_payment_method),
]
ProductId: TypeAlias = Annotated[str, Field(pattern=r"^\d{10}$"), Control()]
ItemIds: TypeAlias = Annotated[
    list[Annotated[str, Field(pattern=r"^\d{10}$")]], Field(min_length=1), Control()
]
Line: TypeAlias = Annotated[str, Field(max_length=80), Control()]
State: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), Control()]
Zip: TypeAlias = Annotated[str, Field(pattern=r"^\d{5}$"), Control()]

# -- reading ---------------------------------------------------------------------------------


@tool(tier="read")
def find_user_id_by_email(
    email: Annotated[str, Email(), Owned(rules.owner_of_email)], context: Context
) -> str:
    """Find a user id by e-mail address. Use first, to know who the customer is.

    Args:
        email: Of the user, for example "something@example.com".
    """
    return _found(context.deps.owner_of_email(email))


@tool(tier="read", data_checks=[rules.is_the_caller])
def find_user_id_by_name_zip(first_name: Line, last_name: Line, zip: Zip, context: Context) -> str:  # noqa: A002 - the set calls it so
    """Find a user id by name and zip code. Use only where the e-mail address is not known.

    Args:
        first_name: Of the customer, for example "John".
        last_name: Of the customer, for example "Doe".
        zip: Of the customer, for example "12345".
    """
    return _found(context.deps.user_named(first_name, last_name, zip))


@tool(tier="read")
def get_user_details(user_id: UserId, context: Context) -> User:
    """Read a user: address, payment methods and order ids.

    Args:
        user_id: For example "sara_doe_496".
    """
    return _found(context.deps.user(user_id))


@tool(tier="read")
def get_order_details(order_id: OrderId, context: Context) -> Order:
    """Read an order: status, items, address and payments.

    Args:
        order_id: With its "#", for example "#W0000000".
    """
    return _found(context.deps.order(order_id))


@tool(tier="read")
def get_product_details(product_id: ProductId, context: Context) -> Product:
    """Read a product: its items, each with options, price, and whether it is available.

    Args:
        product_id: For example "6086499569"; not an item id.
    """
    return _found(context.deps.product(product_id))


@tool(tier="read")
def list_all_product_types(context: Context) -> dict[str, str]:
    """List the products of the shop: names, each with its product id."""
    return context.deps.products()


@tool(tier="read")
def calculate(expression: Annotated[str, Field(max_length=200), Control()]) -> float:
    """Calculate.

    Args:
        expression: Numbers, + - * / and parentheses, for example "2 + 2".
    """
    return _calculated(expression)


@tool(tier="read")
def think(thought: Annotated[str, Content()]) -> str:
    """Think about something. It finds out nothing and changes nothing.

    Args:
        thought: What to think about.
    """
    return thought[:0]


# -- changing --------------------------------------------------------------------------------


@tool(tier="reversible")
def transfer_to_human_agents(summary: Annotated[str, Content()]) -> str:
    """Hand the customer over to a person. Use where none of the tools can help, or when asked to.

    Args:
        summary: What the customer wants.
    """
    return f"Transfer successful: {len(summary)} characters"


@tool(
    tier="irreversible",
    effect="checkable",
    probe=_has_changed,
    data_checks=[rules.is_pending],
)
def cancel_pending_order(
    order_id: OrderId, reason: Annotated[Reason, Control()], context: Context
) -> Order:
    """Cancel a pending order and refund it. Use after get_order_details says "pending".

    Args:
        order_id: With its "#", for example "#W0000000".
        reason: Why; the customer has to confirm it.
    """
    del reason
    return context.deps.cancel(order_id, key=_key(context))


@tool(
    tier="irreversible",
    effect="checkable",
    probe=_has_changed,
    data_checks=[rules.is_pending],
)
def modify_pending_order_address(  # noqa: PLR0913, PLR0917 - an address, as the set has it
    order_id: OrderId,
    address1: Line,
    address2: Line,
    city: Line,
    state: State,
    country: Line,
    zip: Zip,  # noqa: A002 - the set calls it so
    context: Context,
) -> Order:
    """Send a pending order to another address. Not for the customer's default address.

    Args:
        order_id: With its "#", for example "#W0000000".
        address1: First line, for example "123 Main St".
        address2: Second line, for example "Apt 1", or "".
        city: For example "San Francisco".
        state: For example "CA".
        country: For example "USA".
        zip: For example "12345".
    """
    address = Address(
        address1=address1, address2=address2, city=city, state=state, country=country, zip=zip
    )
    return context.deps.ship_to(order_id, address, key=_key(context))


@tool(
    tier="irreversible",
    effect="checkable",
    probe=_has_changed,
    data_checks=[rules.is_pending, rules.is_another_method, rules.covers_total],
)
def modify_pending_order_payment(
    order_id: OrderId, payment_method_id: PaymentMethodId, context: Context
) -> Order:
    """Have a pending order paid by another payment method.

    Args:
        order_id: With its "#", for example "#W0000000".
        payment_method_id: For example "gift_card_0000000"; get_user_details has them.
    """
    return context.deps.pay_by(order_id, payment_method_id, key=_key(context))


@tool(
    tier="irreversible",
    effect="checkable",
    probe=_has_changed,
    checks=[rules.pairs_up, rules.is_another_option],
    data_checks=[rules.is_pending, *rules.SWAPS],
)
def modify_pending_order_items(
    order_id: OrderId,
    item_ids: ItemIds,
    new_item_ids: ItemIds,
    payment_method_id: PaymentMethodId,
    context: Context,
) -> Order:
    """Change items of a pending order to other options of the same product, once for each order.

    Args:
        order_id: With its "#", for example "#W0000000".
        item_ids: To be changed, for example "1008292230"; one may be named twice.
        new_item_ids: What each is changed to, in the same order.
        payment_method_id: Pays or receives the difference.
    """
    pairs = list(zip(item_ids, new_item_ids, strict=True))
    return context.deps.modify_items(order_id, pairs, payment_method_id, key=_key(context))


@tool(
    tier="irreversible",
    effect="checkable",
    probe=_has_changed,
    data_checks=[rules.is_delivered, rules.holds_items, rules.refunds_where_it_may],
)
def return_delivered_order_items(
    order_id: OrderId, item_ids: ItemIds, payment_method_id: PaymentMethodId, context: Context
) -> Order:
    """Take back items of a delivered order, once for each order.

    Args:
        order_id: With its "#", for example "#W0000000".
        item_ids: To be returned, for example "1008292230"; one may be named twice.
        payment_method_id: Receives the refund: that of the order, or a gift card.
    """
    del item_ids, payment_method_id
    return context.deps.take_back(order_id, key=_key(context))


@tool(
    tier="irreversible",
    effect="checkable",
    probe=_has_changed,
    checks=[rules.pairs_up, rules.is_another_option],
    data_checks=[rules.is_delivered, *rules.SWAPS],
)
def exchange_delivered_order_items(
    order_id: OrderId,
    item_ids: ItemIds,
    new_item_ids: ItemIds,
    payment_method_id: PaymentMethodId,
    context: Context,
) -> Order:
    """Exchange items of a delivered order for other options of the same product, once.

    Args:
        order_id: With its "#", for example "#W0000000".
        item_ids: To be exchanged, for example "1008292230"; one may be named twice.
        new_item_ids: What each is exchanged for, in the same order.
        payment_method_id: Pays or receives the difference.
    """
    del item_ids, new_item_ids, payment_method_id
    return context.deps.exchange(order_id, key=_key(context))


@tool(tier="irreversible", effect="checkable", probe=_has_changed)
def modify_user_address(  # noqa: PLR0913, PLR0917 - an address, as the set has it
    user_id: UserId,
    address1: Line,
    address2: Line,
    city: Line,
    state: State,
    country: Line,
    zip: Zip,  # noqa: A002 - the set calls it so
    context: Context,
) -> User:
    """Change the default address of a user. Not for where an order goes.

    Args:
        user_id: For example "sara_doe_496".
        address1: First line, for example "123 Main St".
        address2: Second line, for example "Apt 1", or "".
        city: For example "San Francisco".
        state: For example "CA".
        country: For example "USA".
        zip: For example "12345".
    """
    address = Address(
        address1=address1, address2=address2, city=city, state=state, country=country, zip=zip
    )
    return context.deps.move_user(user_id, address, key=_key(context))


TOOLS: Final = (
    find_user_id_by_email,
    find_user_id_by_name_zip,
    get_user_details,
    get_order_details,
    get_product_details,
    list_all_product_types,
    calculate,
    think,
    transfer_to_human_agents,
    cancel_pending_order,
    modify_pending_order_address,
    modify_pending_order_payment,
    modify_pending_order_items,
    return_delivered_order_items,
    exchange_delivered_order_items,
    modify_user_address,
)

# -- below -----------------------------------------------------------------------------------

_OPERATIONS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


T = TypeVar("T")


def _found(value: T | None) -> T:
    if value is None:
        raise ShopError("There is no such thing.", code="not_found", hint="Ask the customer.")
    return value


def _calculated(expression: str) -> float:
    try:
        return _value(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ArithmeticError, RecursionError):
        raise ShopError(
            "This cannot be calculated.", code="no_value", hint="Use numbers, + - * / and ()."
        ) from None


def _value(part: ast.expr) -> float:
    match part:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left), _value(right))
        case _:
            raise SyntaxError
