export type StepState = "none" | "working" | "failed" | "passed";
