"""Who is at the terminal."""

from dataclasses import replace

from highroad.bootstrap import local_user
from highroad.cli.misuse import Misuse
from highroad.domain.identity import Principal
from highroad.settings import Settings


def principal_for(wanted: str | None, settings: Settings) -> Principal:
    """The user of the operating system, or whom `--as` names in profile dev.

    Raises:
        Misuse: `--as` is not allowed here, or nobody alone goes by that name.
    """
    if wanted is None:
        return _at_the_terminal(settings)
    if settings.is_production:
        raise Misuse("`--as` plays another user, which profile production does not allow")
    played = _known(wanted, settings)
    if played is None:
        names = ", ".join(one.id for one in settings.principals) or "nobody"
        raise Misuse(
            f"the settings know no user {wanted!r}",
            do=f"They know {names}; add others as [[principals]] in highroad.toml.",
        )
    return played


def _at_the_terminal(settings: Settings) -> Principal:
    """The operating system says who it is, and in profile dev the settings what they may."""
    me = local_user()
    known = None if settings.is_production else _known(me.id, settings)
    return me if known is None else replace(known, authenticated=True)


def _known(name: str, settings: Settings) -> Principal | None:
    """The one of that id, or of that `organization/id`."""
    found = [one for one in settings.principals if name in {one.id, f"{one.organization}/{one.id}"}]
    if len(found) > 1:
        names = " or ".join(f"{one.organization}/{one.id}" for one in found)
        raise Misuse(f"there are several users {name!r}", do=f"Say --as {names}.")
    return found[0] if found else None
