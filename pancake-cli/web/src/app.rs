//! What every handler shares: the engine, the labs, who may come in, what was measured.

use std::{fmt, ops::Deref, path::PathBuf, sync::Arc};

use pancake_lab::Workshop;
use pancake_node::Node;
use pancake_types::Clock;
use tokio_util::sync::CancellationToken;

use crate::{
    gate::{Names, Who},
    live::hub::Hub,
    measure::Measures,
    secret::{Digest, Secret},
    sessions::{SessionError, Sessions},
};

/// How to open the web.
#[derive(Debug)]
pub struct WebOptions {
    /// The engine.
    pub node: Node,
    /// The labs.
    pub workshop: Arc<Workshop>,
    /// The home directory: sessions are kept there.
    pub home: PathBuf,
    /// The port that clients use.
    pub port: u16,
    /// The token of `run.json`, for programs.
    pub api_token: Secret,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

/// Why the web cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Sessions cannot be read.
    #[error(transparent)]
    Sessions(#[from] SessionError),
}

/// The web of one engine, before and while it serves. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Web(App);

impl Web {
    /// Opens it; nothing listens yet.
    pub fn open(options: WebOptions) -> Result<Self, OpenError> {
        let shared = Shared {
            sessions: Sessions::open(&options.home)?,
            names: Names::loopback(options.port),
            port: options.port,
            api_token: options.api_token.digest(),
            hub: Arc::new(Hub::new(options.clock.now())),
            measures: Measures::new(),
            shutdown: CancellationToken::new(),
            node: options.node,
            workshop: options.workshop,
            clock: options.clock,
        };
        Ok(Self(App(Arc::new(shared))))
    }

    /// A link that signs a browser in, once.
    pub fn login_url(&self) -> Result<String, SessionError> {
        self.0.login_url()
    }

    pub(crate) fn app(&self) -> &App {
        &self.0
    }
}

/// The state of the handlers.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// Everything that lives as long as the web.
pub(crate) struct Shared {
    pub(crate) node: Node,
    pub(crate) workshop: Arc<Workshop>,
    pub(crate) sessions: Sessions,
    pub(crate) names: Names,
    pub(crate) port: u16,
    pub(crate) api_token: Digest,
    pub(crate) hub: Arc<Hub>,
    pub(crate) measures: Measures,
    pub(crate) clock: Arc<dyn Clock>,
    /// Ends every stream that would go on for ever.
    pub(crate) shutdown: CancellationToken,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("port", &self.port).finish_non_exhaustive()
    }
}

impl App {
    /// The name of this server's cookie; servers on other ports have others.
    pub(crate) fn cookie_name(&self) -> String {
        format!("pancake_{}", self.port)
    }

    /// A link that signs a browser in, once.
    pub(crate) fn login_url(&self) -> Result<String, SessionError> {
        let token = self.sessions.mint_login()?;
        Ok(format!("http://localhost:{}/login?t={}", self.port, token.reveal()))
    }

    /// Whether who was let in once is still welcome.
    pub(crate) fn still_known(&self, who: &Who) -> bool {
        match who {
            Who::Anyone => false,
            Who::Bearer => true,
            Who::Session(digest) => self.sessions.holds(digest, self.clock.now()),
        }
    }
}
