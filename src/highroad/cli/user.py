"""Who is at the terminal."""

from dataclasses import replace

from highroad.bootstrap import local_user
from highroad.cli.misuse import Misuse
from highroad.domain.identity import Principal
from highroad.settings import Settings


def principal_for(wanted: str | None, settings: Settings) -> Principal:
    """The operating system's user as the settings know them, or who `--as` says in profile dev.

    Raises:
        Misuse: `--as` is not allowed here, or names nobody that the settings know.
    """
    if wanted is None:
        me = local_user()
        found = [] if settings.is_production else _known(me.id, settings)
        return replace(found[0], authenticated=True) if found else me
    if settings.is_production:
        raise Misuse("`--as` plays another user, which profile production does not allow")
    match _known(wanted, settings):
        case [one]:
            return one
        case []:
            names = ", ".join(principal.id for principal in settings.principals) or "nobody"
            raise Misuse(
                f"the settings know no user {wanted!r}",
                do=f"They know {names}; add others as [[principals]] in highroad.toml.",
            )
        case many:
            names = " or ".join(f"{one.organization}/{one.id}" for one in many)
            raise Misuse(f"there are several users {wanted!r}", do=f"Say --as {names}.")


def _known(name: str, settings: Settings) -> list[Principal]:
    return [one for one in settings.principals if name in {one.id, f"{one.organization}/{one.id}"}]
