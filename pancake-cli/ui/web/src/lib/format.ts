// Numbers as the visual language asks: exact up to seven digits, a unit after a no-break space, a true minus.

const NBSP = '\u00a0';
const THIN = '\u202f';

/** `1,199,449` up to seven digits, then `12.3 M`. */
export function count(n: number): string {
  if (n < 0) return `\u2212${count(-n)}`;
  if (n < 10_000_000) return Math.round(n).toLocaleString('en-US');
  if (n < 1e9) return `${(n / 1e6).toFixed(1)}${NBSP}M`;
  return `${(n / 1e9).toFixed(1)}${NBSP}G`;
}

/** `1 topic`, `4 topics`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)}${NBSP}${n === 1 ? one : many}`;
}

/** `118 MB`; decimal units, one digit below 10. */
export function bytes(n: number): string {
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]] as const) {
    if (n >= size) return `${trim(n / size)}${NBSP}${unit}`;
  }
  return `${n}${NBSP}B`;
}

/** `0.18 ms`, `8.7 s`, `3 min 45 s`. */
export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)}${NBSP}ms`;
  if (ms < 1_000) return `${Math.round(ms)}${NBSP}ms`;
  if (ms < 60_000) return `${trim(ms / 1_000)}${NBSP}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return joined(seconds, 60, 'min', 's');
  return joined(Math.round(seconds / 60), 60, 'h', 'min');
}

/** `10:41:07`, in this computer's time zone. */
export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

/** `92 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}${THIN}%`;
}

function joined(total: number, per: number, big: string, small: string): string {
  const rest = total % per;
  const head = `${Math.floor(total / per)}${NBSP}${big}`;
  return rest === 0 ? head : `${head} ${rest}${NBSP}${small}`;
}

function trim(n: number): string {
  return n < 10 ? n.toFixed(1).replace(/\.0$/, '') : Math.round(n).toString();
}
