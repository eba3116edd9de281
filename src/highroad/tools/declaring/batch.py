"""What serves several calls of a tool at once: `@tool(batch=…)`."""

import inspect
import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from highroad.domain.tool import BatchRule
from highroad.domain.value import value
from highroad.tools.body.batch_item import BatchItem
from highroad.tools.declaring.site import Site

Answers: TypeAlias = Sequence[Any] | Awaitable[Sequence[Any]]
Many: TypeAlias = Callable[[list[BatchItem]], Answers] | Callable[..., Answers]
"""The body of a batch; behind the items it takes resources of its tool, by their type."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How calls of a tool are served together.

    Args:
        many: Takes the items, and returns a result or an exception for each, in their order. What
            it raises concerns all of them.
        size: Calls at most.
        wait_s: How long the first call waits for others, in seconds.
        mixes_principals: One batch may hold calls of several principals of an organization: the
            body uses nothing of one for another.
    """

    many: Many
    size: int = 100
    wait_s: float = 0.005
    mixes_principals: bool = False

    @property
    def rule(self) -> BatchRule:
        """What of it stands in the definition."""
        return BatchRule(size=self.size, wait_s=self.wait_s, mixes_principals=self.mixes_principals)


@value(eq=False)
class BatchBody:
    """The body of a batch, read."""

    function: Callable[..., Any]
    is_async: bool
    resources: tuple[tuple[str, type], ...]
    """Parameters that take a resource, and its type."""


def batch_of(given: object, site: Site) -> Batch:
    """How calls are served together.

    Raises:
        DeclarationError: It is nothing that could serve them.
    """
    batch = given if isinstance(given, Batch) else Batch(cast("Many", given))
    size: object = batch.size
    wait_s: object = batch.wait_s
    if not callable(batch.many):
        raise site.error(
            "batch is a function of a list of items, or a Batch(function, size=…, wait_s=…), not "
            f"{type(batch.many).__name__}"
        )
    if not isinstance(size, int) or size < 1:
        raise site.error("size of a Batch is a whole number of at least 1")
    if not isinstance(wait_s, int | float) or not 0 <= wait_s < math.inf:
        raise site.error("wait_s of a Batch is a number of at least 0")
    return batch


def batch_body(
    batch: Batch, hints: Mapping[str, Any], resources: Collection[type], site: Site
) -> BatchBody:
    """Read what the body of a batch takes.

    Args:
        batch: As it was given.
        hints: Types of its parameters.
        resources: Types that the tool opens.
        site: Of the tool.

    Raises:
        DeclarationError: It takes no items, or something that nobody would give it.
    """
    named = list(inspect.signature(batch.many).parameters)
    if not named:
        raise site.error("the body of a batch takes a list of items")
    taken: list[tuple[str, type]] = []
    for name in named[1:]:
        kind = hints.get(name)
        if not isinstance(kind, type) or kind not in resources:
            raise site.error(
                f"parameter {name!r} of the body of a batch is no resource of the tool; each item "
                "has its own arguments and context"
            )
        taken.append((name, kind))
    return BatchBody(
        function=batch.many,
        is_async=inspect.iscoroutinefunction(batch.many),
        resources=tuple(taken),
    )


def check_batch(options: Collection[str], site: Site) -> None:
    """See that nothing else is declared that asks for each call by itself.

    Raises:
        DeclarationError: Something is.
    """
    if "batch" not in options:
        return
    if "hedge_s" in options:
        raise site.error(
            "hedge_s makes a second attempt of one call, and a batch serves many; leave one out"
        )
    if "isolation" in options:
        raise site.error(
            "isolation runs the body of one call apart, and a batch serves many here; leave one out"
        )
