// A figure of a service as text: `1,204 records`, `142 MB in use`, `p99 0.18 ms`.
import type { Fact } from '../types/Fact.ts';
import { bytes, duration, plural } from './format.ts';

/** The figure with its unit, and the word that says which one it is. */
export function factText({ value, unit, note }: Fact): string {
  if (unit === 'ms') return note ? `${note}\u00a0${duration(value)}` : duration(value);
  const text = unit === 'bytes' ? bytes(value) : plural(value, unit);
  return note ? `${text} ${note}` : text;
}
