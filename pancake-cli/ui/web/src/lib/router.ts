// Which page a path names. Pure, so that it can be tested without a browser.

/** A page and what its path carries. */
export type Route =
  | { page: 'today' }
  | { page: 'login' }
  | { page: 'lab'; id: string }
  | { page: 'missing'; path: string };

/** Finds the page of a path; a trailing slash makes no difference. */
export function match(path: string): Route {
  const parts = path.split('/').filter(Boolean);
  const [first, second, ...rest] = parts;
  if (first === undefined) return { page: 'today' };
  if (first === 'login' && second === undefined) return { page: 'login' };
  if (first === 'lab' && second !== undefined && rest.length === 0) {
    const id = decode(second);
    if (id !== null) return { page: 'lab', id };
  }
  return { page: 'missing', path };
}

/** Where to go after sign-in: a path of this site and nothing else. */
export function safeNext(next: string | null): string {
  if (!next || !next.startsWith('/') || next.startsWith('//') || next.startsWith('/\\')) return '/';
  return next;
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
