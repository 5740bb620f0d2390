import type { CheckCard } from "./CheckCard.ts";
import type { StepState } from "./StepState.ts";
export type StepCard = { id: string, title: string, minutes: number, state: StepState, checks: Array<CheckCard>, };
