//! A broker alone: `cargo run -p pancake-broker --example serve -- DIR [PORT]`.

use std::{path::PathBuf, sync::Arc};

use pancake_broker::{Broker, BrokerOptions};
use pancake_log::FileStorage;
use pancake_types::SystemClock;
use tokio::{net::TcpListener, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("a directory is needed")?);
    let port = args.next().map_or(Ok(9092), |port| port.parse::<u16>())?;
    let (storage, clock) = (Arc::new(FileStorage), Arc::new(SystemClock::new()));
    let broker = Broker::open(BrokerOptions::new(dir, storage, clock))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let shutdown = CancellationToken::new();
    let serving = broker.serve(listener, None, shutdown.clone());
    tokio::select! {
        () = serving => {}
        interrupted = signal::ctrl_c() => interrupted?,
    }
    shutdown.cancel();
    broker.close().await?;
    Ok(())
}
