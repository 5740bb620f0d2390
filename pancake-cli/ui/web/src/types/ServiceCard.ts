import type { Fact } from "./Fact.ts";
import type { ServiceState } from "./ServiceState.ts";
export type ServiceCard = { id: string, title: string, state: ServiceState, address: string | null, facts: Array<Fact>, };
