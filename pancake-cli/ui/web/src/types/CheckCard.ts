import type { CheckState } from "./CheckState.ts";
export type CheckCard = { id: string, state: CheckState, message: string, attempts: number, hints_opened: number, };
