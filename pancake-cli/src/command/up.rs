//! `pancake up`: the workshop in one process, until Ctrl-C or `pancake down`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Context, open};
use crate::{
    engine::{Engine, Ports},
    failure::{Failure, Outcome},
    output::{Tone, paint},
    ports::Port,
};

/// Start the workshop
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct UpArgs {
    /// Port of the pages and the API
    #[arg(long, value_name = "N", conflicts_with = "any_port")]
    port: Option<u16>,
    /// Port of Kafka's protocol
    #[arg(long, value_name = "N", conflicts_with = "any_port")]
    kafka_port: Option<u16>,
    /// Take any ports that are free, and print them
    #[arg(long)]
    any_port: bool,
    /// Address to listen on; only loopback until rooms exist
    #[arg(long, value_name = "ADDR")]
    listen: Option<std::net::IpAddr>,
    /// Show the workshop in the browser
    #[arg(long)]
    pub(crate) open: bool,
}

pub(crate) fn run(ctx: &mut Context<'_>, args: &UpArgs) -> Outcome {
    let engine = Engine::start(&ctx.config, &ctx.global, ports(ctx, args)?)?;
    announce(ctx, &engine, args.open);
    engine.wait_for_stop()?;
    ctx.out.talk("stopping: last checkpoints, last writes");
    engine.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// Says where everything is, and opens the browser if that was asked for.
pub(crate) fn announce(ctx: &mut Context<'_>, engine: &Engine, show: bool) {
    let running = engine.running();
    if ctx.out.json() {
        let line = json!({
            "url": engine.login_url(), "token": running.token, "kafka": running.kafka,
            "pid": running.pid, "ready_ms": engine.ready_ms(),
        });
        ctx.out.line(line);
    } else {
        ctx.out.line(format!(
            "{} in {} ms",
            paint(Tone::Strong, "pancake is ready"),
            engine.ready_ms()
        ));
        ctx.out.line(format!("  pages   {}", engine.login_url()));
        ctx.out.line(format!("  kafka   {}", running.kafka));
        ctx.out.line(format!("  home    {}", ctx.config.home.display()));
        ctx.out.talk(
            "the link signs one browser in, once; `pancake open` makes another. Ctrl-C stops.",
        );
    }
    if show && !open::browse(engine.login_url()) {
        ctx.out.talk("no browser could be opened; open the link above");
    }
}

fn ports(ctx: &Context<'_>, args: &UpArgs) -> Outcome<Ports> {
    if let Some(address) = args.listen
        && !address.is_loopback()
    {
        return Err(Failure::user(
            "not_loopback",
            format!("listening on {address} is for rooms, which do not exist yet"),
        )
        .hint("leave `--listen` away: the workshop is reachable on this computer"));
    }
    if args.any_port {
        return Ok(Ports::free());
    }
    let settings = &ctx.config.settings;
    Ok(Ports {
        web: Port::Fixed(args.port.unwrap_or(settings.web.port)),
        kafka: Port::Fixed(args.kafka_port.unwrap_or(settings.log.port)),
    })
}
