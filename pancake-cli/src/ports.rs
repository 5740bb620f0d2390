//! Listening sockets on both loopback addresses, and who holds a port that is taken.
//!
//! * `localhost` may mean either family, so every port is bound on 127.0.0.1 and, where the machine has it, on `::1`.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

use crate::failure::{Failure, Outcome};

/// How often a free port is sought that both families can have.
const TRIES_MAX: usize = 32;

/// Which port something listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// This one.
    Fixed(u16),
    /// Any that is free.
    Free,
}

/// Listeners of one port, one for each family.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) port: u16,
    pub(crate) sockets: Vec<TcpListener>,
}

/// Binds a port on both loopback addresses; `what` and `flag` are for the error.
pub(crate) fn bind(port: Port, what: &str, flag: &str) -> Outcome<Listeners> {
    let (number, tries) = match port {
        Port::Fixed(number) => (number, 1),
        Port::Free => (0, TRIES_MAX),
    };
    let mut last = None;
    for _ in 0..tries {
        match bind_both(number) {
            Ok(listeners) => return Ok(listeners),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into());
    if error.kind() != io::ErrorKind::AddrInUse {
        return Err(Failure::environment(
            "port",
            format!("cannot listen on port {number}: {error}"),
        ));
    }
    let holder = holder(number).map_or_else(String::new, |h| format!(", held by {h}"));
    Err(Failure::environment(
        "port_in_use",
        format!("port {number}, wanted for {what}, is in use{holder}"),
    )
    .hint(format!("stop that program, or choose another port: `{flag} N`, or any: `--any-port`")))
}

fn bind_both(number: u16) -> io::Result<Listeners> {
    let v4 = TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), number))?;
    let port = v4.local_addr()?.port();
    let mut sockets = vec![v4];
    match TcpListener::bind(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port)) {
        Ok(v6) => sockets.push(v6),
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(e),
        // No IPv6 on this machine: one family is enough.
        Err(_) => {}
    }
    for socket in &sockets {
        socket.set_nonblocking(true)?;
    }
    Ok(Listeners { port, sockets })
}

/// Program and pid that listen on a port, where the system tells (Linux, own processes or as root).
pub(crate) fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let socket = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        if !pid.chars().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let Ok(open) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = open
            .flatten()
            .any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == socket.as_str()));
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("`{}` (pid {pid})", name.trim()));
        }
    }
    None
}

/// Inode of the socket that listens on a port, from a table in the form of `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let local = fields.nth(1)?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?;
        let (_, number) = local.rsplit_once(':')?;
        (state == LISTEN && u16::from_str_radix(number, 16).ok()? == port).then(|| inode.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_holder_and_the_flag() {
        let taken = bind(Port::Free, "a test", "--port").unwrap();
        let error = bind(Port::Fixed(taken.port), "the pages", "--port").unwrap_err();
        assert_eq!(error.code, "port_in_use");
        if cfg!(target_os = "linux") {
            assert!(error.message.contains(&std::process::id().to_string()), "{error}");
        }
        assert!(error.hint.unwrap().contains("--any-port"));
    }
}
