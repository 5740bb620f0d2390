export type CellView = { id: string, language: string, source: string, command: string | null, };
