// Runs a program in JavaScript, inside; see guest.py.
'use strict';
const fs = require('node:fs');
const vm = require('node:vm');

function write(answer) {
  let left = Buffer.from(answer);
  while (left.length) {
    try {
      left = left.subarray(fs.writeSync(1, left));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function failure(error) {
  const code = error && error.code;
  if (['EFBIG', 'ENOSPC', 'EDQUOT'].includes(code)) return { bound: 'files' };
  if (code === 'EAGAIN') return { bound: 'processes' };
  if (code === 'ERR_MEMORY_ALLOCATION_FAILED' || /allocation failed/.test(String(error))) {
    return { bound: 'memory' };
  }
  const kind = (error && error.name) || 'Error';
  return { kind: String(kind), words: String((error && error.message) || error).slice(0, 1000) };
}

async function main() {
  const said = JSON.parse(fs.readFileSync(0, 'utf8'));
  globalThis.console = new console.Console(process.stderr, process.stderr);
  globalThis.require = require;
  Object.assign(globalThis, said.inputs);
  let answer;
  try {
    const value = await vm.runInThisContext(said.text, { filename: 'program' });
    answer = { value: value === undefined ? null : value };
    answer = JSON.stringify(answer);
  } catch (error) {
    answer = JSON.stringify(failure(error));
  }
  write(answer);
  process.exit(0);
}

main();
