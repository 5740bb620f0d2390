export type CheckState = "none" | "failed" | "passed" | "error" | "blocked";
