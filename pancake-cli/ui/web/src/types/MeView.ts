export type MeView = { attendee: string, version: string, };
