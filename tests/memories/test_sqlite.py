"""Memories in a file keep the contract, outlive the process, and can be destroyed."""

import sys

import apsw
import pytest

from highroad.adapters.memories.sqlite import SQLiteMemories
from highroad.domain.memory import MemoriesError
from highroad.testing.contracts.memory import EAST, ELSEWHERE, HERE, MemoriesContract, memory

MARK = b"what is to be forgotten, and found nowhere again"
ODD = tuple(number / 7 for number in range(1, 200))


class TestSQLiteMemories(MemoriesContract):
    @pytest.fixture
    def open_memories(self, tmp_path):
        return lambda: SQLiteMemories(tmp_path / "made" / "memories.db")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "memories.db"


@pytest.fixture
async def memories(path):
    memories = SQLiteMemories(path)
    yield memories
    await memories.close()


def on_disk(path):
    return b"".join(each.read_bytes() for each in path.parent.glob("memories.db*"))


async def test_memories_outlive_whoever_put_them(memories, path):
    await memories.put(memory("mem_1", vector=EAST))
    await memories.close()
    again = SQLiteMemories(path)
    (found,) = await again.nearest(HERE, EAST, embedder="compass", most=1)
    assert found.id == "mem_1"
    await again.close()


async def test_two_processes_may_have_them_open(memories, path):
    other = SQLiteMemories(path)
    await memories.put(memory("mem_1"))
    await other.put(memory("mem_2"))
    assert await memories.count(HERE) == 2
    await other.close()


@pytest.mark.promise("P7")
@pytest.mark.parametrize("way", ["forget", "clear", "replace"])
async def test_what_is_destroyed_stands_nowhere_on_the_disk(memories, path, way):
    await memories.put(memory("mem_1", sealed=MARK, vector=ODD))
    await memories.put(memory("mem_2", space=ELSEWHERE, vector=EAST))
    vector = apsw.Connection(str(path)).execute("SELECT vector FROM memory LIMIT 1").get
    assert MARK in on_disk(path)
    assert vector in on_disk(path)
    if way == "forget":
        await memories.forget(HERE, "mem_1")
    elif way == "clear":
        await memories.clear(HERE)
    else:
        await memories.put(memory("mem_1", sealed=b"new"))
    assert MARK not in on_disk(path)
    assert vector not in on_disk(path)


async def test_words_are_kept_without_the_library_for_vectors(memories, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlite_vec", None)
    await memories.put(memory("mem_1", vector=EAST))
    assert await memories.count(HERE) == 1
    with pytest.raises(MemoriesError, match=r"pip install \"highroad\[vectors\]\""):
        await memories.nearest(HERE, EAST, embedder="compass", most=1)


async def test_a_database_of_another_program_is_left_alone(memories, path):
    with apsw.Connection(str(path)) as other:
        other.execute("CREATE TABLE thing (id)")
    with pytest.raises(MemoriesError, match="database of another program"):
        await memories.put(memory("mem_1"))


async def test_memories_of_a_newer_version_are_left_alone(memories, path):
    await memories.put(memory("mem_1"))
    await memories.close()
    apsw.Connection(str(path)).pragma("user_version", 99)
    with pytest.raises(MemoriesError, match="newer Highroad"):
        await memories.count(HERE)


async def test_a_place_that_cannot_be_used_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("no folder")
    memories = SQLiteMemories(tmp_path / "file" / "memories.db")
    with pytest.raises(MemoriesError, match="writable for this user"):
        await memories.count(HERE)


async def test_nobody_loads_anything_through_it_afterwards(memories):
    """Extensions run as code of ours: the door is shut behind the one that is wanted."""
    await memories.nearest(HERE, EAST, embedder="compass", most=1)
    connection = memories._connection  # noqa: SLF001 - the door itself
    with pytest.raises(apsw.ExtensionLoadingError):
        connection.load_extension("anything")
    with pytest.raises(apsw.SQLError, match="not authorized"):
        connection.execute("SELECT load_extension('anything')")
