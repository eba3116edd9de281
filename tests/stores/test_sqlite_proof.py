"""The proof survives what the entries survive: a death or a loss of power at any moment."""

import apsw
import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.entry import Entry, EntryKind
from highroad.domain.error import LedgerError
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof.anchoring import Anchoring
from highroad.ledger.proof.notary import Notary
from highroad.ledger.signing import head_line
from highroad.ledger.writer import GroupWriter
from highroad.testing import FakeClock, FixedKeys, MemoryAnchor
from highroad_auditor import Audit, PublicKey

pytestmark = pytest.mark.promise("P12")

ENTRY = Entry(
    kind=EntryKind.OPENED,
    body=b'{"v":1,"kind":"ledger.opened","at":7,"org":"acme"}',
    organization="acme",
    at_ms=7,
)


async def in_office(store, anchors=()):
    """A ledger with its notary."""
    fence = await store.acquire(pid=1, at_ms=0)
    ledger = Ledger(store, GroupWriter(store, fence), Keyring(FixedKeys()), FakeClock())
    anchoring = Anchoring(store.proofs, anchors)
    return ledger, Notary(ledger, fence, anchoring, entries=1_000, seconds=60)


async def report_on(ledger, anchored=()):
    proofs = ledger.store.proofs
    audit = Audit(
        await proofs.ledger_id(),
        list(map(head_line, await proofs.heads())),
        {"memory": anchored},
        PublicKey(ledger.keyring.signing_key().public),
    )
    (extent,) = await proofs.extents()
    log = audit.log(extent.log_id)
    for entry in await proofs.raw(extent.log_id, limit=10_000):
        log.take(*entry)
    return audit.report()


async def test_a_loss_of_power_at_any_moment_leaves_all_provable(disk, store, ledger, tmp_path):
    """What is anchored is on the disk, and the next owner signs on from what is there."""
    anchor, images, answered = MemoryAnchor(), [], 0

    def lose_power(_path):
        image = disk.lose_power(ledger, tmp_path / f"after {len(images)}")
        images.append((image, answered, list(anchor.kept)))

    book, notary = await in_office(store, [anchor])
    disk.before_sync = lose_power
    for _ in range(4):
        for _ in range(100):
            await book.writer.write(ENTRY)
            answered += 1
            disk.before_sync = lose_power if answered % 25 == 0 else lambda _: None
        disk.before_sync = lose_power
        await notary.sign()
    disk.before_sync = lambda _: None
    assert len(images) > 20
    assert len(anchor.kept) == 4
    for image, least, anchored in images:
        found = SQLiteStore.open(image)
        heir, successor = await in_office(found)
        before = await report_on(heir, anchored)
        (extent,) = await found.proofs.extents()
        assert extent.size >= least
        assert [problem.code for problem in before.problems] in (
            [],
            ["nothing_signed", "key_unproven"],
            ["key_unproven", "nothing_signed"],
        )
        await heir.writer.write(ENTRY)
        await successor.sign()
        after = await report_on(heir, anchored)
        assert after.problems == ()
        assert after.unsigned.entries == 0
        await found.close()


async def test_a_full_disk_keeps_the_head_for_later(disk, store):
    book, notary = await in_office(store)
    await book.writer.write(ENTRY)
    await notary.sign()
    await book.writer.write(ENTRY)

    def full(_path):
        raise apsw.FullError("made for this test")

    disk.before_write = full
    with pytest.raises(LedgerError):
        await notary.sign()
    assert len(await store.proofs.heads()) == 1
    disk.before_write = lambda _: None
    assert (await notary.sign()).number == 1
    assert (await report_on(book)).problems == ()
