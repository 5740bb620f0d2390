import type { LabCard } from "./LabCard.ts";
import type { StepPage } from "./StepPage.ts";
export type LabPage = { card: LabCard, pages: Array<StepPage>, };
