"""Memories by URL: where what agents remember is kept."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from highroad.adapters.memories.sqlite import SQLiteMemories
from highroad.agents.memory.long_term import LongTermMemory
from highroad.agents.memory.preferences import Preferences, shown
from highroad.agents.memory.recollection import recollection
from highroad.bootstrap.addresses import SQLITE, maker_for
from highroad.domain.error import SettingsError
from highroad.domain.identity import Principal
from highroad.domain.memory import MemoriesError
from highroad.domain.permission import Permissions
from highroad.ledger.keyring import Keyring
from highroad.ports.clock import Clock
from highroad.ports.memory import Memories

_log: Final = logging.getLogger("highroad.memory")

BESIDE: Final = ".memories.db"
"""What the file beside an embedded ledger ends with."""


def memories_at(url: str) -> Memories:
    """The memories that `url` means; nothing is opened before they are used.

    Raises:
        SettingsError: There is no such kind.
    """
    make = maker_for(url, MEMORIES)
    if make is None:
        raise SettingsError(
            f"memories {url.partition(':')[0]!r} are of no kind that this version has: use "
            "sqlite:///path/to/memories.db"
        )
    return make(url)


def memories_beside(ledger: Path) -> str:
    """Where the memories of an embedded ledger are, unless the settings say otherwise."""
    return f"{SQLITE}{ledger.with_suffix(BESIDE)}"


class Remembering:
    """What agents of one runtime remember, in a file beside its ledger.

    Args:
        path: Of the ledger; `None` where it is in no file, and nothing is remembered.
        keyring: Of the ledger.
        clock: Says when something was remembered.
        permissions: What a principal holds, by the policy.
    """

    def __init__(
        self, path: Path | None, keyring: Keyring, clock: Clock, permissions: Permissions
    ) -> None:
        self._path = None if path is None else path.with_suffix(BESIDE)
        self._memories = None if path is None else memories_at(memories_beside(path))
        self._memory: LongTermMemory | None = None
        self._preferences: Preferences | None = None
        if self._memories is not None:
            self._preferences = Preferences(self._memories, keyring, clock)
            self._memory = LongTermMemory(self._memories, keyring, clock, permissions=permissions)

    def memory(self) -> LongTermMemory:
        """For the tools `remember` and `recall`.

        Raises:
            SettingsError: There is no place for it.
        """
        if self._memory is None:
            raise SettingsError(
                "a ledger that is in no file has no memories beside it: open the runtime with "
                "deps={LongTermMemory: ...}"
            )
        return self._memory

    def preferences(self) -> Preferences:
        """What users prefer.

        Raises:
            SettingsError: There is no place for it.
        """
        if self._preferences is None:
            raise SettingsError("a ledger that is in no file has no preferences beside it")
        return self._preferences

    async def known(self, principal: Principal, text: str) -> str:
        """What is known of a user who asks for something, in words for a model.

        It is their own word alone: what anybody else wrote must not stand among instructions.
        """
        if self._memory is None or self._preferences is None or not self._is_there:
            return ""
        try:
            preferred = shown(await self._preferences.of(principal))
            recalled = recollection(await self._memory.recall(text, principal=principal))
        except MemoriesError as error:
            _log.warning("a run begins without what is known of its user: %s", error)
            return ""
        return "\n\n".join(filter(None, (preferred, recalled)))

    @property
    def _is_there(self) -> bool:
        """Whether anything was ever remembered: a look must not make a file."""
        return self._path is not None and self._path.exists()

    async def forget(self, organization: str, principal_id: str) -> None:
        """Destroy what is remembered of a principal; where nothing ever was, no file is made.

        Raises:
            MemoriesError: The memories cannot be reached.
        """
        if self._memory is not None and self._is_there:
            await self._memory.erase(organization, principal_id)

    async def close(self) -> None:
        """Give up the file. Safe to call twice."""
        if self._memories is not None:
            await self._memories.close()


def _in_file(url: str) -> Memories:
    return SQLiteMemories(Path(url.removeprefix(SQLITE)))


MEMORIES: Final[Mapping[str, Callable[[str], Memories]]] = {SQLITE: _in_file}
