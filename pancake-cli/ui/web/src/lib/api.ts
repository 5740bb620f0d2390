// Calls to the server. Every failure is one `ApiError` that says what happened and what to do next.

/** What the server says when it refuses, or what this page says when the server does not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
  }

  /** Whether signing in would help. */
  get needsSession(): boolean {
    return this.status === 401;
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const { code, message, hint } = (body ?? {}) as { code?: string; message?: string; hint?: string };
  return new ApiError(
    response.status,
    code ?? 'unknown',
    message ?? `The server answered ${response.status}.`,
    hint ?? null,
  );
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { accept: 'application/json' } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, init);
  } catch {
    throw new ApiError(0, 'unreachable', 'The server does not answer.', 'Start it with `pancake up`.');
  }
  if (!response.ok) throw await refusal(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Reads something. */
export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
/** Does something. */
export const post = <T>(path: string, body: unknown = {}): Promise<T> => call<T>('POST', path, body);
/** Ends something. */
export const remove = (path: string): Promise<void> => call<void>('DELETE', path);
