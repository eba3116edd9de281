"""Whatever stands in a cell of a ledger, whoever reads it gets an answer or a declared error."""

import asyncio
import contextlib
import random
import shutil
import sys
from collections import Counter, defaultdict
from contextlib import closing
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from highroad.agents.record import read_run
from highroad.agents.retelling import retold
from highroad.cli import answers, reporting, trails, views
from highroad.cli.output import to_json
from highroad.cli.store import _statistics
from highroad.domain.audit import LETS_IN, TABLES
from highroad.domain.error import BrokenPromise, HighroadError, LedgerError
from highroad.domain.order_form import MalformedOrderError, NewerOrderError, read_order
from highroad.domain.run import RunStatus
from highroad.ledger.inquiry.answers import SpendingBy
from highroad.ledger.inquiry.export import csv_line, json_line
from highroad.ledger.proof import bundle, verifying
from highroad.ledger.proof.announcing import read_announcements, trusted_key
from highroad.ledger.proof.excerpt import prove_call, prove_continuation
from highroad.ledger.tables.comparison import compare
from highroad.ledger.upkeep.statistics import statistics_of
from highroad.runtime import Runtime

pytestmark = [pytest.mark.promise("P12")]

SHARES = 16
COLUMNS = 40
"""Of which the ordinary run alters a cell."""


def _import(name):
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


tampering = _import("tampering")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A ledger that nobody has altered, whose tables hold anything."""
    path = tmp_path_factory.mktemp("pristine") / "ledger.db"
    asyncio.run(tampering.write(path))
    tampering.loosen(path)
    return path


@pytest.fixture(scope="module")
def cells(pristine):
    """Every way to alter one cell of it."""
    return [*tampering.alterations(pristine)]


class Reader:
    """Asks a ledger everything that a command asks, and draws the answers as commands do."""

    def __init__(self, assembly, folder, ids):
        self.assembly, self.folder, self.ids = assembly, folder, ids
        self.audit, self.store = assembly.audit, assembly.store

    def questions(self):
        """By name: each asks one thing."""
        return {
            name.removeprefix("ask_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("ask_")
        }

    def show(self, data, drawn):
        """Put together what is printed; that a terminal can print it is rich's own affair."""
        to_json(data)
        assert drawn is not None

    async def ask_approvals_list(self):
        found = await self.assembly.desk.page(state=None)
        self.show(found, views.approvals(found))

    async def ask_approvals_waiting(self):
        found = await self.assembly.desk.page()
        self.show(found, views.approvals(found))

    async def ask_approvals_show(self):
        for approval_id in self.ids["approval"]:
            found = await self.assembly.desk.get(approval_id)
            self.show(found, views.approval(found))

    async def ask_trail(self):
        for run_id in self.ids["agent_run"]:
            found = await self.audit.trail(run_id)
            self.show(found, trails.trail(found))

    async def ask_runs(self):
        for status in (None, *RunStatus):
            found = await self.audit.runs(status=status)
            self.show(found, trails.runs(found))

    async def ask_payloads(self):
        for run_id in self.ids["agent_run"]:
            await self.store.payloads(run_id)

    async def ask_record(self):
        for run_id in self.ids["model_request"]:
            await read_run(self.assembly.services.ledger, run_id)

    async def ask_events(self):
        for run_id in self.ids["model_request"]:
            to_json([each.data for each in await retold(self.assembly.services, run_id)])

    async def ask_explain(self):
        for call_id in self.ids["tool_call"]:
            found = await self.audit.explain(call_id)
            self.show(found, views.explanation(found))

    async def ask_last_call(self):
        await self.audit.last_call()
        await self.audit.last_call(refused=True)

    async def ask_acts(self):
        for about in ({"tool": "wire"}, {"user": "alice"}, {"approver": "bob"}):
            found = await self.audit.acts(**about)
            self.show(found, answers.acts(found))

    async def ask_denials(self):
        found = await self.audit.denials()
        self.show(found, answers.denials(found))

    async def ask_unknowns(self):
        found = await self.audit.unknowns()
        self.show(found, answers.unknowns(found))

    async def ask_costs(self):
        for by in SpendingBy:
            found = await self.audit.costs(by=by)
            self.show(found, answers.costs(found, by))

    async def ask_sight(self):
        for approval_id in self.ids["approval"]:
            found = await self.audit.sight(approval_id)
            self.show(found, answers.sight(found))

    async def ask_versions(self):
        found = await self.audit.versions("wire")
        self.show(found, answers.versions(found, None))

    async def ask_changes(self):
        found = await self.audit.changes("pay", None, None)
        self.show(answers.change_data(found), answers.versions((), found))

    async def ask_report(self):
        found = await self.audit.report()
        reporting.markdown(found)
        reporting.page(found)
        to_json(found)

    async def ask_export(self):
        for table in ("entry", *(name for name in TABLES if name not in LETS_IN)):
            found = await self.audit.extract(table)
            async for line in found.lines:
                json_line(line)
                csv_line(line)

    async def ask_tables(self):
        found = await compare(self.store)
        "\n".join(answers.tables(found))
        to_json(found)

    async def ask_verify(self):
        public = trusted_key(self.audit_keyring, await read_announcements(self.store))
        found = await verifying.verify(self.store.proofs, public, anchors={}, now_ms=1)
        found.lines()
        to_json(found.as_json())

    @property
    def audit_keyring(self):
        return self.assembly.services.ledger.keyring

    async def ask_bundle(self):
        shutil.rmtree(self.folder / "bundle", ignore_errors=True)
        await bundle.write(self.store.proofs, self.folder / "bundle")

    async def ask_prove(self):
        for call_id in self.ids["tool_call"][:3]:
            for proof in await prove_call(self.store, call_id):
                proof.line()

    async def ask_prove_since(self):
        (await prove_continuation(self.store.proofs, 0)).line()

    async def ask_statistics(self):
        found = await statistics_of(self.store)
        self.show(found, _statistics(found))

    async def ask_unsettled(self):
        for found in (
            await self.assembly.settlements.unknown(),
            await self.assembly.settlements.open(),
        ):
            to_json(found)
            [views.moment(each.ended_ms or each.created_ms) for each in found]

    async def ask_inbox(self):
        for posted in await self.store.inbox():
            with contextlib.suppress(NewerOrderError, MalformedOrderError):
                read_order(posted)

    async def ask_usage(self):
        for run_id in self.ids["agent_run"]:
            await self.store.usage(run_id, at_ms=1)


def _ids(path):
    with closing(tampering.connection(path)) as ledger:
        return {
            table: [
                row[0]
                for row in ledger.execute(f"SELECT DISTINCT {column} FROM {table} ORDER BY 1")  # noqa: S608 - names of ours
            ]
            for table, column in (
                ("approval", "id"),
                ("tool_call", "id"),
                ("agent_run", "id"),
                ("deferral", "call_id"),
                ("model_request", "run_id"),
            )
        }


def _is_declared(error):
    return isinstance(error, HighroadError) and not isinstance(error, BrokenPromise) and str(error)


def _copy(source, target):
    with target.backup("main", source, "main") as copying:
        while not copying.done:
            copying.step()


async def _read(pristine, folder, cells):
    """What came out that is no answer and no declared error: the question, the cell, the error."""
    path = folder / "ledger.db"
    shutil.copyfile(pristine, path)
    assembly = await tampering.opened(path)
    reader, bad, counted = Reader(assembly, folder, _ids(pristine)), [], Counter()
    original, image = tampering.connection(path), tampering.connection(":memory:")
    _copy(original, image)
    try:
        for cell in cells:
            if not tampering.tamper(path, cell):
                counted["refused by the table"] += 1
                continue
            counted["altered"] += 1
            for name, ask in reader.questions().items():
                try:
                    await ask()
                except Exception as error:  # noqa: BLE001 - what comes out is what is judged
                    counted["told"] += 1
                    if not _is_declared(error):
                        bad.append((name, cell, error))
            _copy(image, original)
    finally:
        original.close()
        image.close()
        await assembly.close()
    return bad, counted


def test_a_ledger_that_nobody_altered_answers_everything(pristine, tmp_path):
    async def ask():
        shutil.copyfile(pristine, tmp_path / "ledger.db")
        assembly = await tampering.opened(tmp_path / "ledger.db")
        for question in Reader(assembly, tmp_path, _ids(pristine)).questions().values():
            await question()
        await assembly.close()

    asyncio.run(ask())


@pytest.mark.timeout(300)
def test_an_altered_cell_gives_declared_errors_alone(pristine, cells, tmp_path):
    chance, of_column = random.Random(20_260_101), defaultdict(list)  # noqa: S311 - no secret
    for cell in cells:
        of_column[cell.table, cell.column].append(cell)
    sample = [chance.choice(each) for each in chance.sample([*of_column.values()], COLUMNS)]
    bad, counted = asyncio.run(_read(pristine, tmp_path, sample))
    assert not bad, _told(bad)
    assert counted["altered"] > len(sample) * 0.8
    assert counted["told"] > len(sample) * 0.5


def _told(bad):
    lines = [f"{name}: {cell}: {type(error).__name__}: {error}" for name, cell, error in bad]
    return "\n".join(lines)


async def _open(pristine, folder, cells):
    """What came out, that is no declared error, when a ledger was opened to go on with it."""
    bad, path = [], folder / "ledger.db"
    for cell in cells:
        for left in folder.glob("ledger.db*"):
            left.unlink()
        shutil.copyfile(pristine, path)
        if tampering.tamper(path, cell):
            try:
                await _open_and_close(path)
            except Exception as error:  # noqa: BLE001 - what comes out is what is judged
                if not _is_declared(error):
                    bad.append(("opening", cell, error))
    return bad


async def _open_and_close(path):
    runtime = Runtime(await tampering.opened(path))
    try:
        await runtime._start()  # noqa: SLF001 - what `Runtime.open` does with the assembly
    finally:
        await runtime.close()


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(share, marks=pytest.mark.nightly) for share in range(1, 20))]
)
def test_an_altered_ledger_is_opened_or_refused_by_a_declared_error(
    pristine, cells, tmp_path, share
):
    chance = random.Random(share)  # noqa: S311 - no secret
    bad = asyncio.run(_open(pristine, tmp_path, chance.sample(cells, 80)))
    assert not bad, _told(bad)


async def _end(pristine, folder, cells):
    """What came out, that is no declared error, when results were handed in or did not come."""
    bad, path = [], folder / "ledger.db"
    for cell in cells:
        for left in folder.glob("ledger.db*"):
            left.unlink()
        shutil.copyfile(pristine, path)
        if not tampering.tamper(path, cell):
            continue
        assembly = await tampering.opened(path)
        asked = [assembly.inbox.empty, assembly.waiting.sweep]
        for call_id in _ids(pristine)["deferral"]:
            token = tampering.token_of(assembly, call_id)
            asked.append(partial(assembly.completions.complete, call_id, token, 7))
            asked.append(partial(assembly.waiting.wait, call_id, timeout_s=0))
        assembly.services.clock.advance(3_600)
        for ask in [*asked, assembly.waiting.sweep, assembly.close]:
            try:
                await ask()
            except Exception as error:  # noqa: BLE001 - what comes out is what is judged
                if not _is_declared(error):
                    bad.append(("ending", cell, error))
    return bad


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(share, marks=pytest.mark.nightly) for share in range(1, 20))]
)
def test_a_call_whose_wait_was_altered_ends_or_is_told_of_by_a_declared_error(
    pristine, cells, tmp_path, share
):
    chance = random.Random(share)  # noqa: S311 - no secret
    waits = [cell for cell in cells if cell.table in {"deferral", "inbox"}]
    bad = asyncio.run(_end(pristine, tmp_path, chance.sample(waits, 40)))
    assert not bad, _told(bad)


async def _go_on(pristine, folder, cells):
    """What came out, that is no declared error, when runs of agents were gone on with."""
    bad, path, run_ids = [], folder / "ledger.db", _ids(pristine)["model_request"]
    for cell in cells:
        for left in folder.glob("ledger.db*"):
            left.unlink()
        shutil.copyfile(pristine, path)
        if not tampering.tamper(path, cell):
            continue
        for run_id in run_ids:
            try:
                await _resume(path, run_id)
            except Exception as error:  # noqa: BLE001 - what comes out is what is judged
                if not _is_declared(error):
                    bad.append((f"going on with {run_id}", cell, error))
    return bad


async def _resume(path, run_id):
    runtime = Runtime(await tampering.opened(path))
    try:
        await runtime.resume(run_id)
    finally:
        await runtime.close()


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(share, marks=pytest.mark.nightly) for share in range(1, 20))]
)
def test_a_run_whose_record_was_altered_goes_on_or_is_told_of_by_a_declared_error(
    pristine, cells, tmp_path, share
):
    chance = random.Random(share)  # noqa: S311 - no secret
    bad = asyncio.run(_go_on(pristine, tmp_path, chance.sample(cells, 40)))
    assert not bad, _told(bad)


def test_a_reply_whose_request_is_gone_is_told_of(pristine, tmp_path):
    path = shutil.copyfile(pristine, tmp_path / "ledger.db")
    with closing(tampering.connection(path)) as ledger:
        ledger.execute("DELETE FROM entry WHERE kind = 'model.asked'")

    async def resume():
        for run_id in _ids(pristine)["model_request"]:
            with pytest.raises(LedgerError, match="and not the request"):
                await _resume(path, run_id)

    asyncio.run(resume())


def test_a_run_whose_beginning_was_given_to_a_call_is_told_of(pristine, tmp_path):
    path = shutil.copyfile(pristine, tmp_path / "ledger.db")
    with closing(tampering.connection(path)) as ledger:
        ledger.execute("UPDATE entry SET call_id = '[' WHERE kind = 'run.started'")

    async def resume():
        for run_id in _ids(pristine)["model_request"]:
            with pytest.raises(LedgerError, match="said to be of a call"):
                await _resume(path, run_id)

    asyncio.run(resume())


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("share", range(SHARES))
def test_every_altered_cell_gives_declared_errors_alone(pristine, cells, tmp_path, share):
    bad, counted = asyncio.run(_read(pristine, tmp_path, cells[share::SHARES]))
    assert not bad, _told(bad)
    assert counted["altered"]
