// Light, dark, or as the system says. The choice stays on this computer.

const KEY = 'theme';

function systemIsDark(): boolean {
  return matchMedia('(prefers-color-scheme: dark)').matches;
}

/** Takes the choice of an earlier visit, if there was one. */
export function applyStoredTheme(): void {
  const stored = localStorage.getItem(KEY);
  if (stored === 'light' || stored === 'dark') document.documentElement.dataset.theme = stored;
}

/** Turns light to dark and back, and remembers it. */
export function toggleTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : systemIsDark();
  const next = dark ? 'light' : 'dark';
  root.dataset.theme = next;
  localStorage.setItem(KEY, next);
}
