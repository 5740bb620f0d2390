import assert from 'node:assert/strict';
import { test } from 'node:test';
import { match, safeNext } from './router.ts';

test('paths name pages', () => {
  assert.deepEqual(match('/'), { page: 'today' });
  assert.deepEqual(match('/login/'), { page: 'login' });
  assert.deepEqual(match('/lab/01-first-pancake'), { page: 'lab', id: '01-first-pancake' });
  assert.deepEqual(match('/lab'), { page: 'missing', path: '/lab' });
  assert.deepEqual(match('/lab/%ff'), { page: 'missing', path: '/lab/%ff' });
});

test('after sign-in one goes to this site only', () => {
  assert.equal(safeNext('/lab/02-recommender'), '/lab/02-recommender');
  for (const foreign of ['//evil.example', '/\\evil.example', 'https://evil.example', '', null]) {
    assert.equal(safeNext(foreign), '/');
  }
});
