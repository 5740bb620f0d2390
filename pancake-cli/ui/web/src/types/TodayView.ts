import type { LabCard } from "./LabCard.ts";
import type { ServiceCard } from "./ServiceCard.ts";
export type TodayView = { labs: Array<LabCard>, services: Array<ServiceCard>, };
