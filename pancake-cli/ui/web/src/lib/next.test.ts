import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckState } from '../types/CheckState.ts';
import type { LabCard } from '../types/LabCard.ts';
import type { StepState } from '../types/StepState.ts';
import { greeting, minutesLeft, nextAction, tally } from './next.ts';

function lab(id: string, states: StepState[], more: Partial<LabCard> = {}): LabCard {
  const passed = states.filter((s) => s === 'passed').length;
  const begun = states.some((s) => s !== 'none');
  return {
    id,
    number: 1,
    title: id,
    can_do: 'count',
    minutes: 10,
    state: passed === states.length ? 'passed' : begun ? 'working' : 'not_started',
    passed,
    steps: states.map((state, at) => ({ id: `s${at}`, title: `Step ${at}`, minutes: 3, state, checks: [] })),
    waits_for: [],
    touched_at: null,
    ...more,
  };
}

test('a newcomer makes the first pancake', () => {
  const next = nextAction([lab('01', ['none', 'none']), lab('02', ['none'])]);
  assert.equal(next.do === 'first' && next.lab.id, '01');
});

test('one who comes back continues what was touched last, at the first step not passed', () => {
  const check = { id: 'c', state: 'failed' as CheckState, message: 'has 3', attempts: 1, hints_opened: 0 };
  const late = lab('03', ['passed', 'failed', 'none'], { touched_at: 20 });
  late.steps[1]?.checks.push(check);
  const next = nextAction([lab('01', ['passed']), lab('02', ['working'], { touched_at: 10 }), late]);
  assert.ok(next.do === 'resume');
  assert.deepEqual([next.lab.id, next.at, next.failed?.message], ['03', 1, 'has 3']);
});

test('a lab that waits for another is not offered', () => {
  const labs = [lab('01', ['passed']), lab('02', ['none'], { waits_for: ['07'] }), lab('03', ['none'])];
  const next = nextAction(labs);
  assert.equal(next.do === 'begin' && next.lab.id, '03');
});

test('when all are served there is no next', () => {
  assert.deepEqual(nextAction([lab('01', ['passed'])]), { do: 'nothing' });
});

test('sums', () => {
  const labs = [lab('01', ['passed', 'passed']), lab('02', ['passed', 'none', 'none'])];
  assert.deepEqual(tally(labs), { served: 1, passed: 3, steps: 5 });
  assert.equal(minutesLeft(labs[1] as LabCard), 6);
  assert.equal(greeting(9), 'Good morning.');
});
