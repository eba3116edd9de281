"""What becomes of limits when Redis is in trouble, or is somebody's who means no good."""

import asyncio
import shutil
from functools import partial

import pytest

from highroad.adapters.counters.redis import RedisCounters, Server
from highroad.adapters.system import SystemClock
from highroad.bootstrap.redis import redis_at
from highroad.domain.demand import (
    NOTHING,
    UNLIMITED,
    Amount,
    BudgetDemand,
    Lack,
    Settled,
    Shortage,
    Taken,
)
from highroad.domain.error import CountersError

pytestmark = [pytest.mark.promise("P6"), pytest.mark.anyio]
ONE = Amount(calls=1)
PART = BudgetDemand(account="run/r", amount=ONE, most=UNLIMITED._replace(calls=2))


@pytest.fixture
def server(redis_programs):
    """A Redis of the test's own, with a disk of which a test can make copies."""
    server = redis_programs.Server(dbfilename="dump.rdb")
    server.start()
    yield server
    server.remove()


@pytest.fixture
async def connect():
    """Counters of another process, each time."""
    made = []

    def connect(server, url=None):
        found = Server(partial(redis_at, url or server.url()), name="redis")
        made.append(RedisCounters(found, SystemClock()))
        return made[-1]

    yield connect
    for each in made:
        await each.close()


async def seeded(counters, server):
    server.seem_old()
    await counters.seed("run/r", NOTHING)
    assert isinstance(await counters.take([PART], holder="call_1"), Taken)


async def lives(server, connect):
    """How many it has, while others connect to it."""
    found = set()
    for _ in range(3):
        found.add(server.command("HGET", "{highroad}:meta", "life"))
        await connect(server).look([])
    return len(found)


async def test_a_redis_that_comes_back_with_an_older_state_gives_no_budget_anew(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("SAVE")
    shutil.copy(server.folder / "dump.rdb", server.folder / "old.rdb")
    assert isinstance(await counters.take([PART], holder="call_2"), Taken)
    await counters.give([Settled(demand=PART, used=ONE)], holder="call_2")
    server.kill()
    shutil.copy(server.folder / "old.rdb", server.folder / "dump.rdb")
    server.start()
    short = await counters.take([PART], holder="call_3")
    assert isinstance(short, Shortage), "what call_2 has used was forgotten"
    assert short.lack is Lack.UNSEEDED
    assert short.retry_after_s > 0
    assert not counters.is_held("call_1")
    assert await lives(server, connect) == 1


async def test_an_account_of_an_earlier_life_is_made_anew_and_not_added_to(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    await counters.take([PART], holder="call_1")
    server.command("HSET", "{highroad}:meta", "life", "next")
    assert await counters.usage("run/r") is None
    await counters.take([PART], holder="call_1")
    await counters.seed("run/r", ONE)
    assert await counters.usage("run/r") == ONE
    assert server.command("HEXISTS", "{highroad}:account:run/r", "@call_1") == "0"


async def test_a_connection_that_is_made_anew_to_the_same_redis_ends_no_life(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert isinstance(await counters.take([PART], holder="call_2"), Taken)
    assert counters.is_held("call_1")


async def test_one_that_was_emptied_begins_one_life_and_not_one_with_each_connection(
    server, connect
):
    counters = connect(server)
    await seeded(counters, server)
    server.command("FLUSHALL")
    short = await counters.take([PART], holder="call_2")
    assert short.lack is Lack.UNSEEDED
    assert await lives(server, connect) == 1


async def test_a_question_that_was_called_off_leaves_its_answer_to_nobody(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("CLIENT", "PAUSE", "300", "WRITE")
    asked = [asyncio.ensure_future(counters.usage("run/r")) for _ in range(3)]
    await asyncio.sleep(0.05)
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert await counters.look([PART]) is None
    assert await counters.usage("run/r") == ONE


async def refusal(counters):
    with pytest.raises(CountersError) as caught:
        await counters.take([PART], holder="call_9")
    return str(caught.value)


async def test_a_redis_without_memory_counts_nothing_and_says_so(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("CONFIG", "SET", "maxmemory", "1")
    assert "maxmemory" in await refusal(counters)
    server.command("CONFIG", "SET", "maxmemory", "0")
    assert await counters.usage("run/r") == ONE


async def test_a_replica_counts_nothing_and_says_so(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("REPLICAOF", "127.0.0.1", "1")
    assert "name the primary" in await refusal(counters)
    server.command("REPLICAOF", "NO", "ONE")
    assert await counters.usage("run/r") == ONE


async def test_one_that_has_too_few_replicas_counts_nothing_and_says_so(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("CONFIG", "SET", "min-replicas-to-write", "1")
    assert "replicas" in await refusal(counters)


async def test_one_that_cannot_write_its_disk_counts_nothing_and_says_so(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("CONFIG", "SET", "save", "3600 1")
    server.command("CONFIG", "SET", "dir", "/proc/self")
    server.command("SAVE", check=False)
    server.command("BGSAVE", check=False)
    await asyncio.sleep(0.3)
    assert "disk" in await refusal(counters)


async def test_one_that_is_busy_with_a_script_counts_nothing_and_says_so(server, connect):
    counters = connect(server)
    await seeded(counters, server)
    server.command("CONFIG", "SET", "lua-time-limit", "20")
    loop = asyncio.get_running_loop()
    hog = loop.run_in_executor(
        None, partial(server.command, "EVAL", "while true do end", 0, check=False)
    )
    await asyncio.sleep(0.2)
    said = await refusal(counters)
    server.command("SCRIPT", "KILL")
    await hog
    assert "busy" in said
    assert await counters.usage("run/r") == ONE


async def test_a_user_who_may_do_no_more_than_is_documented_can_count(server, connect):
    server.seem_old()
    needed = "+evalsha +eval +time +@hash +@sortedset +@keyspace -@dangerous +info"
    server.command("ACL", "SETUSER", "highroad", "on", ">pw", "~{highroad}:*", *needed.split())
    counters = connect(server, f"unix://highroad:pw@{server.socket}")
    await counters.seed("run/r", NOTHING)
    assert isinstance(await counters.take([PART], holder="call_1"), Taken)
    await counters.give([Settled(demand=PART, used=ONE)], holder="call_1")
    server.command("ACL", "SETUSER", "highroad", "-hset")
    assert "docs/redis.md" in await refusal(counters)


async def test_a_wrong_password_counts_nothing_and_says_so(server, connect):
    counters = connect(server, f"unix://:wrong@{server.socket}")
    said = await refusal(counters)
    assert "password" in said
    assert "wrong" not in said


async def test_more_than_lua_can_count_is_as_good_as_no_limit(server, connect):
    counters = connect(server)
    server.seem_old()
    rich = BudgetDemand(
        account="user/rich", amount=Amount(microusd=5), most=UNLIMITED._replace(microusd=10**21)
    )
    await counters.seed("user/rich", Amount(microusd=10**15))
    assert isinstance(await counters.take([rich], holder="c"), Taken)
    await counters.give([Settled(demand=rich, used=Amount(microusd=7))], holder="c")
    assert await counters.usage("user/rich") == Amount(microusd=10**15 + 7)
    await counters.seed("user/mad", Amount(microusd=10**30))
    assert (await counters.usage("user/mad")).microusd == 2**53 - 1


@pytest.mark.parametrize(
    ("account", "other"),
    [("run/r", "run/r/tool/t"), ("organization/a/b", "organization/a"), ("user/ü", "user/u\u0308")],
)
async def test_accounts_of_like_names_are_two(server, connect, account, other):
    counters = connect(server)
    server.seem_old()
    for each in (account, other):
        await counters.seed(each, NOTHING)
    await counters.take([BudgetDemand(account=account, amount=ONE, most=UNLIMITED)], holder="c")
    assert await counters.usage(account) == ONE
    assert await counters.usage(other) == NOTHING
