export type ServiceState = "ready" | "starting" | "failed" | "absent";
