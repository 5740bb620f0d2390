// Sentences of the server name things between backticks.

/** A piece of a sentence. */
export interface Span {
  text: string;
  code: boolean;
}

/** Splits at pairs of backticks; a lone one stays as it is. */
export function spans(text: string): Span[] {
  const parts = text.split(/`([^`]*)`/);
  return parts.map((text, at) => ({ text, code: at % 2 === 1 })).filter(({ text }) => text !== '');
}
