import type { PartView } from "./PartView.ts";
export type StepPage = { id: string, title: string, parts: Array<PartView>, };
