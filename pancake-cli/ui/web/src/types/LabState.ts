export type LabState = "not_started" | "working" | "to_fix" | "passed";
