import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spans } from './words.ts';

test('what stands between backticks is code', () => {
  assert.deepEqual(spans('No job named `counts` is running.'), [
    { text: 'No job named ', code: false },
    { text: 'counts', code: true },
    { text: ' is running.', code: false },
  ]);
  assert.deepEqual(spans('a lone ` stays'), [{ text: 'a lone ` stays', code: false }]);
  assert.deepEqual(spans(''), []);
});
