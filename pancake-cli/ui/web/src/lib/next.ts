// What a sensible person does next, from the state of the labs alone.
import type { CheckCard } from '../types/CheckCard.ts';
import type { LabCard } from '../types/LabCard.ts';
import type { StepCard } from '../types/StepCard.ts';

/** The one next action of *Today*. */
export type Next =
  | { do: 'first'; lab: LabCard }
  | { do: 'resume'; lab: LabCard; step: StepCard; at: number; failed: CheckCard | null }
  | { do: 'begin'; lab: LabCard }
  | { do: 'nothing' };

/** The step that is worked on: the first that has not passed. */
export function currentStep(lab: LabCard): { step: StepCard; at: number } | null {
  const at = lab.steps.findIndex((step) => step.state !== 'passed');
  const step = lab.steps[at];
  return step ? { step, at } : null;
}

/** Chooses: what was begun and touched last, else the first lab, else the next one that nothing holds back. */
export function nextAction(labs: LabCard[]): Next {
  const begun = labs
    .filter((lab) => lab.state === 'working' || lab.state === 'to_fix')
    .sort((a, b) => (b.touched_at ?? 0) - (a.touched_at ?? 0));
  const [last] = begun;
  if (last) {
    const current = currentStep(last);
    if (current) {
      const failed = current.step.checks.find((check) => check.state === 'failed') ?? null;
      return { do: 'resume', lab: last, ...current, failed };
    }
  }
  const open = labs.find((lab) => lab.state === 'not_started' && lab.waits_for.length === 0);
  if (!open) return { do: 'nothing' };
  const nothingBegun = labs.every((lab) => lab.state === 'not_started');
  return { do: nothingBegun ? 'first' : 'begin', lab: open };
}

/** `3 of 8 served · 15 of 36 steps passed` as numbers. */
export function tally(labs: LabCard[]): { served: number; passed: number; steps: number } {
  return {
    served: labs.filter((lab) => lab.state === 'passed').length,
    passed: labs.reduce((sum, lab) => sum + lab.passed, 0),
    steps: labs.reduce((sum, lab) => sum + lab.steps.length, 0),
  };
}

/** Minutes of the steps that have not passed. */
export function minutesLeft(lab: LabCard): number {
  return lab.steps.reduce((sum, step) => sum + (step.state === 'passed' ? 0 : step.minutes), 0);
}

/** The greeting of an hour. */
export function greeting(hour: number): string {
  if (hour < 5) return 'Good night.';
  if (hour < 12) return 'Good morning.';
  return hour < 18 ? 'Good afternoon.' : 'Good evening.';
}
