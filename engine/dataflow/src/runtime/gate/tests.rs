//! Watermarks and barriers over several channels.

use super::*;
use crate::runtime::channel::{ChannelLimits, Signal};

struct Bench {
    gate: Gate,
    channels: Vec<Arc<Channel>>,
}

fn bench(channels: usize) -> Bench {
    let signal = Arc::new(Signal::default());
    let limits = ChannelLimits { messages_max: 100, rows_max: 100 };
    let channels: Vec<_> =
        (0..channels).map(|_| Arc::new(Channel::new(limits, &signal, &signal))).collect();
    let gate = Gate::new(channels.iter().map(|channel| (0, Arc::clone(channel))));
    Bench { gate, channels }
}

impl Bench {
    /// Sends a message and reads everything that can be read.
    #[track_caller]
    fn check(&mut self, channel: usize, message: Msg, expected: &str) {
        self.channels[channel].try_send(message).unwrap();
        let mut arrivals = Vec::new();
        while let Some(arrival) = self.gate.poll(None) {
            arrivals.push(match arrival {
                Arrival::Data(_, _) => "data".to_owned(),
                Arrival::Watermark(Watermark::MAX) => "max".to_owned(),
                Arrival::Watermark(mark) => mark.millis().to_string(),
                Arrival::Idle => "idle".to_owned(),
                Arrival::Aligned(checkpoint) => format!("aligned {checkpoint}"),
                Arrival::End => "end".to_owned(),
            });
        }
        assert_eq!(arrivals.join(", "), expected);
    }
}

fn mark(ms: i64) -> Msg {
    Msg::Watermark(Watermark::from_millis(ms))
}

fn barrier(checkpoint: u64) -> Msg {
    Msg::Barrier(CheckpointId::new(checkpoint))
}

#[test]
fn the_watermark_is_the_smallest_of_the_active_channels() {
    let mut bench = bench(2);
    bench.check(0, mark(10), "");
    bench.check(1, mark(5), "5");
    bench.check(1, Msg::Idle, "10");
    bench.check(0, mark(20), "20");
    bench.check(0, Msg::Idle, "idle");
    bench.check(1, mark(7), "");
    bench.check(1, mark(30), "30");
    bench.check(1, Msg::End, "idle");
    bench.check(0, Msg::Watermark(Watermark::MAX), "max");
    bench.check(0, Msg::End, "end");
}

#[test]
fn a_channel_waits_behind_its_barrier() {
    let mut bench = bench(2);
    bench.check(0, barrier(1), "");
    bench.check(0, mark(10), "");
    bench.check(1, mark(5), "");
    bench.check(1, barrier(1), "aligned 1, 5");
}

#[test]
fn an_ended_channel_counts_as_aligned() {
    let mut bench = bench(2);
    bench.check(0, barrier(1), "");
    bench.check(1, Msg::End, "aligned 1");
    bench.check(0, barrier(2), "aligned 2");
    bench.check(0, Msg::End, "max, end");
}

#[test]
fn a_newer_barrier_gives_up_an_older_alignment() {
    let mut bench = bench(2);
    bench.check(0, barrier(1), "");
    bench.check(0, mark(10), "");
    // The other channel skips checkpoint 1: the first is read again, up to its own barrier 2.
    bench.check(1, barrier(2), "");
    bench.check(0, barrier(2), "aligned 2");
    bench.check(1, mark(10), "10");
    // A leftover of a checkpoint that was given up holds nobody.
    bench.check(1, barrier(1), "");
    bench.check(1, mark(11), "");
    bench.check(0, mark(11), "11");
}

#[test]
fn a_restored_gate_does_not_go_back() {
    let mut bench = bench(2);
    bench.gate.restore(Watermark::from_millis(50));
    bench.check(0, mark(10), "");
    bench.check(1, mark(50), "");
    bench.check(0, mark(60), "");
    bench.check(1, mark(55), "55");
}
