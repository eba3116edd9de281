"""Arguments that an option names: those that make a key, those that name an object."""

from collections.abc import Iterable

from highroad.tools.declaring.options import ToolOptions
from highroad.tools.declaring.source import Source


def named(option: str, given: Iterable[str], source: Source) -> tuple[str, ...]:
    """Arguments that an option names, in order.

    Raises:
        DeclarationError: There is no argument of such a name.
    """
    wanted = tuple(sorted(given))
    names = source.names if wanted else ()
    for name in wanted:
        if name not in names:
            known = ", ".join(names) or "none"
            raise source.site.error(
                f"{option} names {name!r}, which is no argument; there are: {known}"
            )
    return wanted


def objects_of(options: ToolOptions, source: Source) -> tuple[str, ...]:
    """Arguments that name the objects by which calls keep their order (`order_by`).

    Raises:
        DeclarationError: One is no argument, or may be left out, or `concurrency` says otherwise.
    """
    wanted = named("order_by", options.get("order_by", ()), source)
    if not wanted:
        return ()
    if "concurrency" in options:
        raise source.site.error(
            "order_by says what its calls may run beside, and so does concurrency; leave one out"
        )
    required = source.input_schema.get("required")
    for name in wanted:
        if not isinstance(required, list) or name not in required:
            raise source.site.error(
                f"order_by names {name!r}, which may be left out, and then nobody knows the "
                f"object; take the default away, or order by another argument"
            )
    return wanted
