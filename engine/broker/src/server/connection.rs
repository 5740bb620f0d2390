//! One connection: frames in, responses out, in the order of the requests.
//!
//! * A request is carried out before the next one is read further than the socket's buffer, so appends keep their order;
//!   a response that waits for the disk waits in the queue of replies, and the next Produce is carried out meanwhile.
//! * The queue is bounded by [`Limits::replies_max`](crate::Limits) and by [`QUEUED_BYTES_MAX`]: who does not read its
//!   responses is not served further.
//! * A frame that was begun and a response that is written must get on: a peer that stalls is closed.
//! * A frame beyond [`FRAME_BYTES_FREE`] arrives only once memory for it is set aside, and a Fetch reads only then: see
//!   [`acquire`]. Who waits for memory holds none, so that all get theirs in turn.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, OwnedSemaphorePermit, mpsc},
    time::timeout,
};

use super::{
    Shared,
    route::{self, Reply},
};
use crate::{
    HostPort,
    wire::{
        DecodeError,
        frame::{FrameBuffer, FrameError},
    },
};

/// Memory is counted in these.
pub(crate) const KIB: usize = 1024;
/// Replies that are ready go out together until they have this many bytes.
const TOGETHER_BYTES: usize = 64 << 10;
/// Bytes of responses that may wait before the next request is carried out.
const QUEUED_BYTES_MAX: usize = 1 << 20;
/// Frames up to this size are not counted: the number of connections bounds them.
const FRAME_BYTES_FREE: usize = 64 << 10;
/// A frame of this size may take [`Limits::stall_max`](crate::Limits) twice, of double the size three times, and so on.
const FRAME_BYTES_PER_STALL: usize = 16 << 20;
/// Parts that are written with one call.
const PARTS_MAX: usize = 64;

/// Who is at the other end of a connection, and what it is told about this one.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) advertised: HostPort,
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a request does not decode: {0}")]
    Decode(#[from] DecodeError),
    #[error("API {api_key} version {version} is not served")]
    Unsupported { api_key: i16, version: i16 },
    #[error("the peer stalled")]
    Stalled,
    #[error("the broker stops")]
    Stopping,
}

/// Replies that wait to be written, by their bytes.
#[derive(Debug, Default)]
struct Queued {
    bytes: AtomicUsize,
    written: Notify,
}

/// Serves one connection until it ends.
pub(crate) async fn run(shared: Shared, socket: TcpStream, address: SocketAddr) {
    let Ok(local) = socket.local_addr() else { return };
    let local = HostPort::of(local.ip(), local.port());
    let advertised = shared.advertised.clone().unwrap_or(local);
    let peer = Peer { address, advertised };
    let _slower_only = socket.set_nodelay(true);
    let (read, write) = socket.into_split();
    let (replies, to_write) = mpsc::channel(shared.broker.0.options.limits.replies_max);
    let queued = Queued::default();
    let stall = shared.broker.0.options.limits.stall_max;
    let shutdown = shared.shutdown.clone();
    let requests = Requests { shared, peer, read, replies, queued: &queued };
    let both = async {
        // Writing goes on after the last request until all replies are out; a write that fails ends both.
        tokio::pin! { let reading = requests.run(); }
        tokio::pin! { let writing = write_replies(write, to_write, &queued, stall); }
        tokio::select! {
            ended = &mut reading => writing.await.and(ended),
            ended = &mut writing => ended,
        }
    };
    let ended = tokio::select! {
        ended = both => ended,
        () = shutdown.cancelled() => Err(ConnectionError::Stopping),
    };
    match ended {
        Ok(()) | Err(ConnectionError::Stopping | ConnectionError::Io(_)) => {}
        Err(error) => tracing::warn!(peer = %address, %error, "closed a connection"),
    }
}

struct Requests<'a> {
    shared: Shared,
    peer: Peer,
    read: OwnedReadHalf,
    replies: mpsc::Sender<Reply>,
    queued: &'a Queued,
}

impl Requests<'_> {
    /// Carries out requests until the peer has no more.
    async fn run(mut self) -> Result<(), ConnectionError> {
        let limits = self.shared.broker.0.options.limits.clone();
        let mut frames = FrameBuffer::new(limits.produce_frame_bytes_max);
        loop {
            let Some(frame) = self.next_frame(&mut frames, limits.stall_max).await? else {
                return Ok(());
            };
            let (frame, held) = frame;
            while self.queued.bytes.load(Ordering::Acquire) > QUEUED_BYTES_MAX {
                self.queued.written.notified().await;
            }
            let reply = route::carry_out(&self.shared, &self.peer, frame, held).await?;
            let Some(reply) = reply else { continue };
            self.queued.bytes.fetch_add(reply.bytes(), Ordering::AcqRel);
            if self.replies.send(reply).await.is_err() {
                return Ok(());
            }
        }
    }

    async fn next_frame(
        &mut self,
        frames: &mut FrameBuffer,
        stall: Duration,
    ) -> Result<Option<(Bytes, Option<OwnedSemaphorePermit>)>, ConnectionError> {
        if let Some(frame) = frames.next()? {
            return Ok(Some((frame, None)));
        }
        if !frames.is_mid_frame() && self.read.read_buf(frames.room()).await? == 0 {
            return Ok(None);
        }
        // The length has a moment to come, and then as long as the frame that it announces may take.
        let length = timeout(stall, self.read_length(frames)).await;
        let Some(bytes) = length.map_err(|_| ConnectionError::Stalled)?? else { return Ok(None) };
        let stalls = 1 + bytes / FRAME_BYTES_PER_STALL;
        let rest = timeout(stall * stalls as u32, self.read_rest(frames, bytes)).await;
        rest.map_err(|_| ConnectionError::Stalled)?
    }

    /// Reads until the length of a frame is there and found allowed.
    async fn read_length(
        &mut self,
        frames: &mut FrameBuffer,
    ) -> Result<Option<usize>, ConnectionError> {
        loop {
            if let Some(bytes) = frames.checked()? {
                return Ok(Some(bytes));
            }
            if self.read.read_buf(frames.room()).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn read_rest(
        &mut self,
        frames: &mut FrameBuffer,
        bytes: usize,
    ) -> Result<Option<(Bytes, Option<OwnedSemaphorePermit>)>, ConnectionError> {
        let held = match bytes {
            0..=FRAME_BYTES_FREE => None,
            _ => Some(acquire(&self.shared, bytes).await?),
        };
        loop {
            if let Some(frame) = frames.next()? {
                return Ok(Some((frame, held)));
            }
            if self.read.read_buf(frames.room()).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Waits until memory for some bytes is free. What is larger than all memory gets all of it.
pub(crate) async fn acquire(
    shared: &Shared,
    bytes: usize,
) -> Result<OwnedSemaphorePermit, ConnectionError> {
    let all = shared.broker.0.options.limits.in_flight_bytes_max / KIB;
    let permits = bytes.div_ceil(KIB).min(all) as u32;
    let acquired = Arc::clone(&shared.memory).acquire_many_owned(permits).await;
    acquired.map_err(|_| ConnectionError::Stopping)
}

/// Writes replies in their order, as many at once as are ready.
async fn write_replies(
    mut socket: OwnedWriteHalf,
    mut replies: mpsc::Receiver<Reply>,
    queued: &Queued,
    stall: Duration,
) -> Result<(), ConnectionError> {
    let mut next = None;
    loop {
        let Some(reply) = (match next.take() {
            Some(reply) => Some(reply),
            None => replies.recv().await,
        }) else {
            return Ok(());
        };
        let mut bytes = reply.bytes();
        let (mut parts, held) = reply.wait().await;
        let mut all_held = vec![held];
        while bytes < TOGETHER_BYTES && next.is_none() {
            match replies.try_recv() {
                Ok(Reply::Ready(more, held)) => {
                    bytes += more.len();
                    parts.extend(more.into_parts());
                    all_held.push(held);
                }
                Ok(later) => next = Some(later),
                Err(_) => break,
            }
        }
        let written = timeout(stall, write_parts(&mut socket, parts)).await;
        written.map_err(|_| ConnectionError::Stalled)??;
        drop(all_held);
        queued.bytes.fetch_sub(bytes, Ordering::AcqRel);
        queued.written.notify_one();
    }
}

async fn write_parts(socket: &mut OwnedWriteHalf, mut parts: Vec<Bytes>) -> io::Result<()> {
    let mut first = 0;
    while let Some(rest) = parts.get(first..).filter(|rest| !rest.is_empty()) {
        let slices: Vec<_> = rest.iter().take(PARTS_MAX).map(|p| io::IoSlice::new(p)).collect();
        let mut written = socket.write_vectored(&slices).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        for part in parts.iter_mut().skip(first) {
            if written < part.len() {
                bytes::Buf::advance(part, written);
                break;
            }
            written -= part.len();
            first += 1;
        }
    }
    Ok(())
}
