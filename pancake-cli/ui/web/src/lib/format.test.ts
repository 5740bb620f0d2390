import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, duration, percent, plural } from './format.ts';

test('numbers read as the visual language asks', () => {
  assert.equal(count(1_199_449), '1,199,449');
  assert.equal(count(12_345_678), '12.3\u00a0M');
  assert.equal(count(-4), '\u22124');
  assert.equal(plural(1, 'topic'), '1\u00a0topic');
  assert.equal(plural(4, 'topic'), '4\u00a0topics');
  assert.equal(bytes(118_400_000), '118\u00a0MB');
  assert.equal(bytes(512), '512\u00a0B');
  assert.equal(duration(0.184), '0.18\u00a0ms');
  assert.equal(duration(8_700), '8.7\u00a0s');
  assert.equal(duration(225_000), '3\u00a0min 45\u00a0s');
  assert.equal(duration(7_200_000), '2\u00a0h');
  assert.equal(percent(0.917), '92\u202f%');
});
