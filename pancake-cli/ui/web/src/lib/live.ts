// The live connection's protocol: subscriptions, sequence numbers, pings, reconnecting. Knows no browser, no framework.
//
// * One socket carries all channels. After a reconnect each channel continues after the last number it has seen.
// * A frame with a number already seen is dropped; `gap` says that frames were lost and a whole state follows.
// * The wait before a new try doubles from 0.5 s to 15 s, with jitter, and starts over once a frame has come.

/** What the server sends on a channel. */
export interface Frame {
  ch: string;
  seq: number;
  t: string;
  data?: unknown;
}

/** The part of a WebSocket that is used here. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/** What the outside world gives: sockets, time, chance. */
export interface World {
  open(): Socket;
  now(): number;
  random(): number;
  later(ms: number, run: () => void): () => void;
}

/** How the connection stands. */
export type LiveState =
  | { at: 'connecting' }
  | { at: 'live'; rttMs: number | null }
  | { at: 'paused' }
  | { at: 'lost'; since: number; retryAt: number };

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 15_000;
/** The first answer comes while the page is still busy with itself; the second one tells the way. */
const PING_SOON_MS = 1_000;
const PING_EVERY_MS = 10_000;

interface Channel {
  seq: number | null;
  handlers: Set<(frame: Frame) => void>;
}

/** One live connection. */
export class Live {
  #channels = new Map<string, Channel>();
  #socket: Socket | null = null;
  #state: LiveState = { at: 'connecting' };
  #lostSince: number | null = null;
  #tries = 0;
  #cancelTimer: () => void = () => {};
  #pingSentAt = 0;

  constructor(
    private readonly world: World,
    private readonly changed: (state: LiveState) => void,
  ) {}

  get state(): LiveState {
    return this.#state;
  }

  /** Opens the connection; does nothing while one is open. */
  start(): void {
    if (this.#socket) return;
    this.#cancelTimer();
    if (this.#state.at === 'paused') this.#set({ at: 'connecting' });
    const socket = this.world.open();
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#received(String(data));
    socket.onclose = () => this.#closed(socket);
  }

  /** Ends the connection until `start`; the page holds still. */
  pause(): void {
    this.#drop();
    this.#set({ at: 'paused' });
  }

  /** Listens on a channel; the answer ends the listening. */
  on(ch: string, handler: (frame: Frame) => void): () => void {
    let channel = this.#channels.get(ch);
    if (!channel) {
      channel = { seq: null, handlers: new Set() };
      this.#channels.set(ch, channel);
      if (this.#state.at === 'live') this.#subscribe(ch, channel);
    }
    const { handlers } = channel;
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
      if (handlers.size > 0) return;
      this.#channels.delete(ch);
      if (this.#state.at === 'live') this.#send({ op: 'unsub', ch });
    };
  }

  #opened(): void {
    this.#lostSince = null;
    this.#set({ at: 'live', rttMs: null });
    for (const [ch, channel] of this.#channels) this.#subscribe(ch, channel);
    this.#ping(PING_SOON_MS);
  }

  #subscribe(ch: string, channel: Channel): void {
    this.#send(channel.seq === null ? { op: 'sub', ch } : { op: 'sub', ch, from: channel.seq });
  }

  #received(text: string): void {
    const frame = JSON.parse(text) as Partial<Frame>;
    this.#tries = 0;
    if (frame.t === 'pong') {
      this.#set({ at: 'live', rttMs: this.world.now() - this.#pingSentAt });
      return;
    }
    const channel = frame.ch === undefined ? undefined : this.#channels.get(frame.ch);
    if (!channel || frame.t === undefined || frame.seq === undefined) return;
    if (frame.t !== 'gap' && channel.seq !== null && frame.seq <= channel.seq) return;
    // After a gap the next frame is the whole state, whatever its number.
    channel.seq = frame.t === 'gap' ? null : frame.seq;
    for (const handler of channel.handlers) handler(frame as Frame);
  }

  #ping(nextMs: number): void {
    this.#pingSentAt = this.world.now();
    this.#send({ op: 'ping' });
    this.#cancelTimer = this.world.later(nextMs, () => this.#ping(PING_EVERY_MS));
  }

  #closed(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#drop();
    const now = this.world.now();
    this.#lostSince ??= now;
    const longest = Math.min(RETRY_FIRST_MS * 2 ** this.#tries, RETRY_MAX_MS);
    const wait = longest * (0.5 + this.world.random() / 2);
    this.#tries += 1;
    this.#set({ at: 'lost', since: this.#lostSince, retryAt: now + wait });
    this.#cancelTimer = this.world.later(wait, () => this.start());
  }

  #drop(): void {
    this.#cancelTimer();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #set(state: LiveState): void {
    this.#state = state;
    this.changed(state);
  }
}
