"""`highroad audit erase`: somebody is forgotten."""

from highroad.cli import answers
from highroad.cli.door import Door
from highroad.cli.exits import ExitCode
from highroad.cli.misuse import Misuse


async def erase(door: Door, name: str, *, is_agreed: bool) -> ExitCode:
    """Say what forgetting a user destroys, and do it if that is agreed to.

    Raises:
        Misuse: Nobody agreed to it.
        NotPermitted: Whoever asks lacks `audit:erase`.
        ErasureRefused: Calls are open, or unknown and not settled.
    """
    audit = door.runtime.audit
    plan = await audit.erasure_plan(name, by=door.user)
    if not is_agreed:
        door.output.show({"erased": False, "plan": plan}, answers.erasure(plan))
        raise Misuse("nothing was destroyed", do="Add --yes; it cannot be undone.")
    plan = await audit.erase(name, by=door.user)
    is_done = door.runtime.owner_pid is None
    door.output.show({"erased": is_done, "plan": plan}, answers.erasure(plan))
    door.output.note(
        "It is done."
        if is_done
        else f"Process {door.runtime.owner_pid} owns the ledger, and will do it."
    )
    return ExitCode.COMPLETED
