import type { CellView } from "./CellView.ts";
export type PartView = { "t": "prose", html: string, } | { "t": "cell", cell: CellView, } | { "t": "check", id: string, };
