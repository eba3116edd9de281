"""A declaration as the ledger has it: all of it but the code, which a program was run with."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Integrity, Label, Labels
from highroad.domain.pin import Pin
from highroad.domain.tool import (
    ArgumentContract,
    ArgumentRole,
    BatchRule,
    CompensationRule,
    Concurrency,
    Contract,
    Effect,
    Isolation,
    Tier,
    ToolDefinition,
)
from highroad.tools.body.cost import Cost
from highroad.tools.declaring.contract import marked
from highroad.tools.declaring.declaration import Declaration
from highroad.tools.declaring.digest import defined
from highroad.tools.declaring.signature import Signature
from highroad.tools.declaring.site import Site

_BY_SETTINGS: Final = frozenset({"tier", "effect", "contract"})
"""Fields of a definition of which the settings may say otherwise."""
_ANY_BODY: Final = Signature(arguments=(), returns=Any, is_async=True, is_whole=True)


def recorded(pin: Pin) -> Declaration | None:
    """What the author declared of a tool that is on record, without what the settings say of it.

    Returns:
        `None` where the entry does not say which part is the author's, or where it was written by
        a version whose definitions this one cannot read whole.
    """
    if pin.fields is None or pin.authored is None:
        return None
    whole = definition_of(pin.fields)
    if whole is None or whole.digest != pin.digest:
        return None
    own = {name: each for name, each in pin.authored.fields.items() if name in _BY_SETTINGS}
    definition = definition_of({**pin.fields, **own})
    if definition is None:
        return None
    labels = definition.contract.labels
    default = {} if labels.default == Label() else {"": labels.default}
    return Declaration(
        definition=definition,
        given=frozenset(pin.authored.given),
        site=Site(function=definition.name, file="<ledger>", line=0),
        signature=_ANY_BODY,
        cost=Cost(at_most=definition.cost_usd),
        labels={**default, **dict(labels.leaves)},
        markers=marked(definition),
    )


def definition_of(fields: Mapping[str, JsonValue]) -> ToolDefinition | None:
    """The definition of which `pinned_fields` gave these; `None` where it is of another form."""
    try:
        return defined({name: _READ.get(name, _as_it_is)(said) for name, said in fields.items()})
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _as_it_is(said: JsonValue) -> JsonValue:
    return said


def _contract(said: Any) -> Contract:  # noqa: ANN401 - JSON, which is what is found out here
    arguments = {
        name: ArgumentContract(
            role=ArgumentRole(each["role"]), integrity=Integrity(each["integrity"])
        )
        for name, each in said["arguments"].items()
    }
    more = {name: tuple(said.get(name, ())) for name in ("owned", "intent", "flows")}
    return Contract(arguments=arguments, labels=_labels(said["labels"]), **more)


def _labels(said: JsonObject) -> Labels:
    leaves: Any = said["leaves"]
    return Labels(
        default=_label(said["default"]), leaves=tuple((at, _label(each)) for at, each in leaves)
    )


def _label(said: Any) -> Label:  # noqa: ANN401 - JSON, as above
    readers = said["readers"]
    return Label(Integrity(said["integrity"]), None if readers is None else frozenset(readers))


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "tier": Tier,
    "effect": Effect,
    "concurrency": Concurrency,
    "isolation": Isolation,
    "contract": _contract,
    "batch": lambda said: BatchRule(**said),
    "compensation": lambda said: CompensationRule(**said),
    **dict.fromkeys(("permissions", "tags"), frozenset),
    **dict.fromkeys(
        (
            "key",
            "order_by",
            "examples",
            "fallback",
            "cache_tags",
            "invalidates",
            "personal",
            "secrets",
        ),
        tuple,
    ),
}
"""Fields that are more than JSON, and how each is read; `pinned_fields` writes them."""
