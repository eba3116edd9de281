"""Modules in WebAssembly keep the contract, and have the folders that they are given."""

import pytest
import wasmtime

from highroad.adapters.sandboxes.native.webassembly import WasmtimeSandbox
from highroad.domain.sandbox import Language, Program, ProgramLimits, Strength
from highroad.ports.sandbox import LimitExceeded, ProgramFailed
from highroad.testing.contracts.sandbox import INPUTS, SHORT, ProgramSandboxContract, Samples

WASI = """
  (import "wasi_snapshot_preview1" "fd_read"
    (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get"
    (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (func $say (param $to i32) (param $at i32) (param $size i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $size))
    (drop (call $write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 16))))
"""


def module(body, data="", inputs=None):
    text = f'(module {WASI} {data} (func (export "_start") {body}))'
    return Program(
        language=Language.WEBASSEMBLY, module=bytes(wasmtime.wat2wasm(text)), inputs=inputs or {}
    )


ECHO = """
  (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 4096))
  (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
  (call $say (i32.const 1) (i32.const 64) (i32.load (i32.const 16)))
"""
SAMPLES = Samples(
    echoes=module(ECHO, inputs=INPUTS),
    counts=module(
        """(i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))
        (call $say (i32.const 1) (i32.const 64) (i32.const 1))""",
        '(data (i32.const 64) "0")',
    ),
    prints=module(
        """(call $say (i32.const 2) (i32.const 64) (i32.const 6))
        (call $say (i32.const 1) (i32.const 70) (i32.const 1))""",
        '(data (i32.const 64) "hello\\n1")',
    ),
    fails=module(
        "(call $say (i32.const 2) (i32.const 64) (i32.const 10)) unreachable",
        '(data (i32.const 64) "of its own")',
    ),
    broken=Program(language=Language.WEBASSEMBLY, module=b"\0asm?", inputs={}),
    spins=module("(loop $l (br $l))"),
    hoards=module(
        """(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        unreachable"""
    ),
    floods=module("(loop $l (call $say (i32.const 2) (i32.const 64) (i32.const 60000)) (br $l))"),
    large=module(
        """(local $n i32)
        (loop $l (call $say (i32.const 1) (i32.const 64) (i32.const 60000))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $l (i32.lt_u (local.get $n) (i32.const 20))))"""
    ),
)
OPENS = """
  (if (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const {size}) (i32.const 0)
        (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 16))
    (then (call $exit (i32.const 7))))
  (i32.store (i32.const 0) (i32.const 128)) (i32.store (i32.const 4) (i32.const 4096))
  (drop (call $read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 20)))
  (call $say (i32.const 1) (i32.const 128) (i32.load (i32.const 20)))
"""


def opening(path):
    return module(OPENS.format(size=len(path)), f'(data (i32.const 64) "{path}")')


class TestWasmtime(ProgramSandboxContract):
    @pytest.fixture
    def sandbox(self):
        return WasmtimeSandbox()

    @pytest.fixture
    def samples(self):
        return SAMPLES

    async def test_it_has_an_interpreter_between(self, sandbox):
        assert sandbox.strength is Strength.INTERPRETER

    async def test_no_folder_is_open_unless_it_is_named(self, opened):
        for path in ("etc/passwd", "/etc/passwd", "../../etc/passwd"):
            with pytest.raises(ProgramFailed):
                await opened.run(opening(path), SHORT)

    async def test_a_folder_that_is_named_is_open_and_nothing_around_it(self, opened, tmp_path):
        (tmp_path / "given").mkdir()
        (tmp_path / "given" / "text").write_text('"read"')
        (tmp_path / "secret").write_text('"secret"')
        (tmp_path / "given" / "link").symlink_to(tmp_path / "secret")
        limits = ProgramLimits(readable=(str(tmp_path / "given"),))
        assert (await opened.run(opening("text"), limits)).value == "read"
        for path in ("../secret", "link", "/etc/passwd", "given/../../secret"):
            with pytest.raises(ProgramFailed):
                await opened.run(opening(path), limits)

    async def test_a_module_that_wants_more_than_wasi_does_not_start(self, opened):
        text = '(module (import "host" "system" (func)) (func (export "_start")))'
        program = Program(
            language=Language.WEBASSEMBLY, module=bytes(wasmtime.wat2wasm(text)), inputs={}
        )
        with pytest.raises(ProgramFailed):
            await opened.run(program, SHORT)

    async def test_memory_that_is_asked_for_at_once_is_bounded_too(self, opened):
        text = '(module (memory (export "memory") 60000) (func (export "_start")))'
        program = Program(
            language=Language.WEBASSEMBLY, module=bytes(wasmtime.wat2wasm(text)), inputs={}
        )
        with pytest.raises((ProgramFailed, LimitExceeded)):
            await opened.run(program, SHORT)
