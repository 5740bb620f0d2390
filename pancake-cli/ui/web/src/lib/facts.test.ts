import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factText } from './facts.ts';

test('a figure has its unit and its word', () => {
  assert.equal(factText({ value: 1_204, unit: 'record', note: '' }), '1,204\u00a0records');
  assert.equal(factText({ value: 1, unit: 'job', note: 'running' }), '1\u00a0job running');
  assert.equal(factText({ value: 142_000_000, unit: 'bytes', note: 'in use' }), '142\u00a0MB in use');
  assert.equal(factText({ value: 0.18, unit: 'ms', note: 'p99' }), 'p99\u00a00.18\u00a0ms');
});
