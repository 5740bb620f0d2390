// The one live connection of this tab, as reactive state.
import { get, type ApiError } from './api.ts';
import { here } from './location.svelte.ts';
import { Live, type Frame, type LiveState, type Socket } from './live.ts';

const WORLD = {
  open: () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/live`) as unknown as Socket,
  now: () => Date.now(),
  random: () => Math.random(),
  later(ms: number, run: () => void) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

class Connection {
  state = $state<LiveState>({ at: 'connecting' });
  /** The time, once a second while a try is awaited. */
  now = $state(Date.now());
  #live = new Live(WORLD, (state) => this.#changed(state));

  constructor() {
    setInterval(() => {
      if (this.state.at === 'lost') this.now = Date.now();
    }, 500);
  }

  start(): void {
    this.#live.start();
  }

  /** Holds the page still, or lets it go on. */
  toggle(): void {
    if (this.state.at === 'live') this.#live.pause();
    else this.#live.start();
  }

  on(channel: string, handler: (frame: Frame) => void): () => void {
    return this.#live.on(channel, handler);
  }

  #changed(state: LiveState): void {
    this.state = state;
    this.now = Date.now();
    // A socket does not say why it was refused; an ended session is the one reason that waiting cannot mend.
    if (state.at === 'lost') {
      get('/me').catch((error: ApiError) => {
        if (error.needsSession) here.go('/login', 'replace');
      });
    }
  }
}

/** The one connection of this tab. */
export const connection = new Connection();
