"""Memories are chosen by URL, and stand beside their ledger by default."""

from pathlib import Path

import pytest

from highroad.bootstrap.memories import memories_at, memories_beside
from highroad.domain.error import SettingsError
from highroad.testing.contracts.memory import HERE, memory


async def test_memories_stand_beside_their_ledger(tmp_path):
    url = memories_beside(tmp_path / "shop.db")
    memories = memories_at(url)
    await memories.put(memory("mem_1"))
    assert await memories.count(HERE) == 1
    await memories.close()
    assert (tmp_path / "shop.memories.db").exists()
    assert memories_beside(Path("a/ledger.db")) == "sqlite:///a/ledger.memories.db"


def test_a_kind_that_there_is_not_says_which_there_are():
    with pytest.raises(SettingsError, match=r"'redis' are of no kind.*sqlite:///"):
        memories_at("redis://user:secret@host")


def test_an_address_that_is_none_is_not_repeated():
    with pytest.raises(SettingsError) as raised:
        memories_at("redis://user:secret@host")
    assert "secret" not in str(raised.value)
