import type { LabState } from "./LabState.ts";
import type { StepCard } from "./StepCard.ts";
export type LabCard = { id: string, number: number | null, title: string, can_do: string, minutes: number, state: LabState, passed: number, steps: Array<StepCard>, waits_for: Array<string>, touched_at: number | null, };
