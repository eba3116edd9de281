"""`runtime.cache`: results that are kept, as people see them."""

from collections.abc import Callable, Mapping
from typing import Any

from highroad.domain.cache import CacheStatistics
from highroad.domain.error import DeclarationError, HighroadError
from highroad.domain.identity import Principal
from highroad.ledger.canonical import canonical
from highroad.pipeline.services import Services
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.compile import RegisteredTool
from highroad.tools.validate import check_arguments


class KeptResults:
    """Lets go of results before their time, and tells what they were good for.

    What is let go answers no call that begins from then on; nor does what is being fetched
    meanwhile.

    Args:
        services: Of the runtime.
        own: Whose organization is meant where nobody is named.
    """

    def __init__(self, services: Services, own: Principal) -> None:
        self._services = services
        self._own = own

    async def forget(
        self,
        tool: Callable[..., Any] | str,
        arguments: Mapping[str, object] | str | bytes | None = None,
        *,
        principal: Principal | None = None,
    ) -> None:
        """Let go of results of a tool, in whichever version it made them.

        Args:
            tool: The function itself, or the name of one.
            arguments: Of the calls that it answers; without them, all of the tool's.
            principal: For whom they were fetched; without one, for whomever in the runtime's own
                organization. Only with arguments.

        Raises:
            DeclarationError: There is no such tool.
            HighroadError: The arguments do not fit it, or a principal is named without any.
        """
        found = self._services.registry.find(tool)
        if found is None:
            raise DeclarationError(
                f"{tool if isinstance(tool, str) else tool.__qualname__} was not given to this "
                "runtime, so nothing of it is kept"
            )
        if principal is not None and arguments is None:
            raise HighroadError("whose results are meant is said together with arguments")
        owner = principal or self._own
        await self._services.results.forget(
            owner.organization,
            found.name,
            None if arguments is None else _canonical(found, arguments),
            None if principal is None else self._services.ledger.keyring.opaque(principal),
        )

    async def forget_tags(self, *tags: str, organization: str | None = None) -> None:
        """Let go of results by what they tell of, such as `order:ORD-000042`.

        Args:
            *tags: As `cache_tags` makes them of the arguments of a call.
            organization: Whose results; without it, the runtime's own.
        """
        wanted = [tag for tag in tags if tag]
        if wanted:
            await self._services.results.void(organization or self._own.organization, wanted)

    async def clear(self, organization: str | None = None) -> None:
        """Destroy all results of an organization; the runtime's own unless told.

        Raises:
            CacheError: The cache cannot be reached. It is cleared before it is used again.
        """
        await self._services.results.clear(organization or self._own.organization)

    async def statistics(self) -> CacheStatistics:
        """Hits, misses and what else was counted, by this process since it began."""
        return await self._services.results.statistics()


def _canonical(tool: RegisteredTool[Any], arguments: Mapping[str, object] | str | bytes) -> bytes:
    """Arguments in the form that keys are made of.

    Raises:
        HighroadError: No call could have them.
    """
    parsed = parse(arguments, names=tool.names)
    checked = parsed if isinstance(parsed, Invalid) else check_arguments(tool, parsed)
    if isinstance(checked, Invalid):
        problem = checked.problems[0]
        raise HighroadError(
            f"{tool.name} takes no such arguments: {problem.pointer or 'the whole'}, expected "
            f"{problem.expected}"
        )
    return canonical(checked.arguments)
