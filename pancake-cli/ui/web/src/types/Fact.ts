export type Fact = { value: number, unit: string, note: string, };
