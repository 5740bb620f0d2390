import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Live, type Frame, type LiveState, type Socket, type World } from './live.ts';

class FakeSocket implements Socket {
  sent: unknown[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

class FakeWorld implements World {
  sockets: FakeSocket[] = [];
  time = 1_000;
  waits: number[] = [];
  timers = new Map<number, () => void>();
  open(): Socket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  }
  now(): number {
    return this.time;
  }
  random(): number {
    return 1;
  }
  later(ms: number, run: () => void): () => void {
    const id = this.waits.push(ms);
    this.timers.set(id, run);
    return () => this.timers.delete(id);
  }
  /** Runs the one timer that waits. */
  fire(): void {
    const [[id, run]] = [...this.timers] as [[number, () => void]];
    this.timers.delete(id);
    run();
  }
  last(): FakeSocket {
    const socket = this.sockets.at(-1);
    assert.ok(socket);
    return socket;
  }
}

function connected(): { world: FakeWorld; live: Live; states: LiveState[]; frames: Frame[] } {
  const world = new FakeWorld();
  const states: LiveState[] = [];
  const frames: Frame[] = [];
  const live = new Live(world, (state) => states.push(state));
  live.on('me', (frame) => frames.push(frame));
  live.start();
  world.last().onopen?.();
  return { world, live, states, frames };
}

test('subscribes when open and measures the way there and back', () => {
  const { world, live } = connected();
  assert.deepEqual(world.last().sent, [{ op: 'sub', ch: 'me' }, { op: 'ping' }]);
  world.time += 12;
  world.last().say({ t: 'pong' });
  assert.deepEqual(live.state, { at: 'live', rttMs: 12 });
});

test('drops a frame seen before and keeps the order', () => {
  const { world, frames } = connected();
  for (const seq of [7, 8, 8, 7, 9]) world.last().say({ ch: 'me', seq, t: 'labs' });
  assert.deepEqual(frames.map((f) => f.seq), [7, 8, 9]);
});

test('a reconnect continues after the last number seen', () => {
  const { world } = connected();
  world.last().say({ ch: 'me', seq: 41, t: 'labs' });
  world.last().onclose?.();
  world.fire();
  world.last().onopen?.();
  assert.deepEqual(world.last().sent[0], { op: 'sub', ch: 'me', from: 41 });
});

test('after a gap any number is taken', () => {
  const { world, frames } = connected();
  world.last().say({ ch: 'me', seq: 900, t: 'labs' });
  world.last().say({ ch: 'me', seq: 3, t: 'gap' });
  world.last().say({ ch: 'me', seq: 3, t: 'labs' });
  assert.deepEqual(frames.map((f) => f.t), ['labs', 'gap', 'labs']);
});

test('the wait doubles up to its bound and starts over after a frame', () => {
  const { world, live } = connected();
  const waits: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    world.last().onclose?.();
    waits.push(world.waits.at(-1) ?? 0);
    world.fire();
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  assert.equal(live.state.at, 'lost');
  world.last().onopen?.();
  world.last().say({ ch: 'me', seq: 1, t: 'labs' });
  world.last().onclose?.();
  assert.equal(world.waits.at(-1), 500);
});

test('the time of the loss stays while tries fail', () => {
  const { world, live } = connected();
  world.last().onclose?.();
  world.time += 5_000;
  world.fire();
  world.last().onclose?.();
  assert.equal(live.state.at === 'lost' && live.state.since, 1_000);
});

test('paused stays paused, and an old socket is not listened to', () => {
  const { world, live } = connected();
  const old = world.last();
  live.pause();
  assert.ok(old.closed);
  old.onclose?.();
  assert.deepEqual(live.state, { at: 'paused' });
  assert.equal(world.timers.size, 0);
  live.start();
  assert.equal(world.sockets.length, 2);
});

test('the last listener to leave ends the subscription', () => {
  const { world, live } = connected();
  const leave = live.on('services', () => {});
  leave();
  assert.deepEqual(world.last().sent.slice(-2), [{ op: 'sub', ch: 'services' }, { op: 'unsub', ch: 'services' }]);
});
