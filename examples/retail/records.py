"""What the shop's tools answer with, in the form of the data set."""

from typing import Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

Reason: TypeAlias = Literal["no longer needed", "ordered by mistake"]
"""Why an order may be cancelled."""


class Address(TypedDict):
    """Where a parcel goes."""

    address1: str
    address2: str
    city: str
    state: str
    country: str
    zip: str


class Name(TypedDict):
    """Of a customer."""

    first_name: str
    last_name: str


class PaymentMethod(TypedDict):
    """A gift card, a PayPal account or a credit card of a customer."""

    id: str
    source: str
    brand: NotRequired[str]
    last_four: NotRequired[str]
    balance: NotRequired[float]
    """In US dollars; gift cards have one."""


class User(TypedDict):
    """A customer."""

    user_id: str
    name: Name
    address: Address
    email: str
    payment_methods: dict[str, PaymentMethod]
    orders: list[str]


class Item(TypedDict):
    """One thing in an order."""

    name: str
    product_id: str
    item_id: str
    price: float
    """In US dollars."""
    options: dict[str, str]


class Payment(TypedDict):
    """Money that went to the shop, or back."""

    transaction_type: Literal["payment", "refund"]
    amount: float
    """In US dollars."""
    payment_method_id: str


class Fulfillment(TypedDict):
    """A parcel."""

    tracking_id: list[str]
    item_ids: list[str]


class Order(TypedDict):
    """An order as it stands."""

    order_id: str
    user_id: str
    status: str
    address: Address
    items: list[Item]
    fulfillments: list[Fulfillment]
    payment_history: list[Payment]


class Variant(TypedDict):
    """A product in one choice of its options."""

    item_id: str
    options: dict[str, str]
    available: bool
    price: float
    """In US dollars."""


class Product(TypedDict):
    """A product with all its variants, by item id."""

    name: str
    product_id: str
    variants: dict[str, Variant]
