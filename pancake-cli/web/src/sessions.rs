//! Who may come in: login tokens that work once, browser sessions that outlive a restart.
//!
//! * Only digests are kept, in memory and in `<home>/sessions`; the file is 0600 and written whole, then renamed.
//! * Both tables have a bound; the oldest entry makes room.
//! * Ending a session ends it everywhere: nothing is signed, everything is looked up.

use std::{
    fs, io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use pancake_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::{Digest, NoRandomness, Secret};

const SESSIONS_MAX: usize = 64;
const LOGIN_TOKENS_MAX: usize = 16;
/// How long a browser stays signed in.
pub(crate) const SESSION_SECONDS_MAX: i64 = 30 * 24 * 3600;

/// Why sessions could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The file cannot be read or written.
    #[error("cannot keep sessions in {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the machine said.
        source: io::Error,
    },
    /// No randomness for a new session.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    digest: Digest,
    created_at: Timestamp,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct SessionFile {
    sessions: Vec<Session>,
}

#[derive(Debug)]
struct Tables {
    sessions: Vec<Session>,
    login_tokens: Vec<Digest>,
}

/// The sessions of one home.
#[derive(Debug)]
pub(crate) struct Sessions {
    path: PathBuf,
    tables: Mutex<Tables>,
}

impl Sessions {
    /// Reads the sessions of a home; a file that is absent or damaged means nobody is signed in.
    pub(crate) fn open(home: &Path) -> Result<Self, SessionError> {
        let path = home.join("sessions");
        let file = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "sessions are damaged; browsers sign in anew");
                SessionFile::default()
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => SessionFile::default(),
            Err(source) => return Err(SessionError::File { path, source }),
        };
        let tables = Tables { sessions: file.sessions, login_tokens: Vec::new() };
        Ok(Self { path, tables: Mutex::new(tables) })
    }

    /// A new login token; it works once.
    pub(crate) fn mint_login(&self) -> Result<Secret, SessionError> {
        let token = Secret::fresh()?;
        let mut tables = self.lock();
        if tables.login_tokens.len() == LOGIN_TOKENS_MAX {
            tables.login_tokens.remove(0);
        }
        tables.login_tokens.push(token.digest());
        Ok(token)
    }

    /// Exchanges a login token for a session; `None` if the token is unknown or used.
    pub(crate) fn login(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, SessionError> {
        let shown = Digest::of(token);
        let mut tables = self.lock();
        let Some(at) = tables.login_tokens.iter().position(|known| known.same(&shown)) else {
            return Ok(None);
        };
        let session = Secret::fresh()?;
        tables.login_tokens.remove(at);
        if tables.sessions.len() == SESSIONS_MAX {
            tables.sessions.remove(0);
        }
        tables.sessions.push(Session { digest: session.digest(), created_at: now });
        self.write(&tables)?;
        Ok(Some(session))
    }

    /// Whether a digest is that of a session that lasts.
    pub(crate) fn holds(&self, shown: &Digest, now: Timestamp) -> bool {
        let oldest = now.millis().saturating_sub(SESSION_SECONDS_MAX * 1_000);
        self.lock().sessions.iter().any(|s| s.digest.same(shown) && s.created_at.millis() >= oldest)
    }

    /// Ends a session.
    pub(crate) fn end(&self, shown: &Digest) -> Result<(), SessionError> {
        let mut tables = self.lock();
        tables.sessions.retain(|s| !s.digest.same(shown));
        self.write(&tables)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tables> {
        // The tables are whole between any two statements that change them.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, tables: &Tables) -> Result<(), SessionError> {
        let file = SessionFile { sessions: tables.sessions.clone() };
        write_private(&self.path, &serde_json::to_vec(&file).unwrap_or_default())
            .map_err(|source| SessionError::File { path: self.path.clone(), source })
    }
}

/// Writes a file that only its owner reads: whole, then renamed over the old one.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("tmp");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    // The mode above is only for a file that was not there.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn signed_in(sessions: &Sessions) -> Secret {
        let token = sessions.mint_login().unwrap();
        sessions.login(token.reveal(), NOW).unwrap().unwrap()
    }

    #[test]
    fn a_login_token_works_once() {
        let home = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(home.path()).unwrap();
        let token = sessions.mint_login().unwrap();
        assert!(sessions.login("guess", NOW).unwrap().is_none());
        let session = sessions.login(token.reveal(), NOW).unwrap().unwrap();
        assert!(sessions.login(token.reveal(), NOW).unwrap().is_none());
        assert!(sessions.holds(&session.digest(), NOW));
        assert!(!sessions.holds(&token.digest(), NOW), "a login token is no session");
    }

    #[test]
    fn sessions_outlive_a_restart_and_end_when_told_or_old() {
        let home = tempfile::tempdir().unwrap();
        let session = signed_in(&Sessions::open(home.path()).unwrap());
        let again = Sessions::open(home.path()).unwrap();
        assert!(again.holds(&session.digest(), NOW));
        let later = Timestamp::from_millis(NOW.millis() + SESSION_SECONDS_MAX * 1_000 + 1);
        assert!(!again.holds(&session.digest(), later));
        again.end(&session.digest()).unwrap();
        assert!(!again.holds(&session.digest(), NOW));
        assert!(!Sessions::open(home.path()).unwrap().holds(&session.digest(), NOW));
    }

    #[test]
    fn the_file_is_private_and_holds_no_secret() {
        let home = tempfile::tempdir().unwrap();
        let session = signed_in(&Sessions::open(home.path()).unwrap());
        let path = home.path().join("sessions");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(&path).unwrap().contains(session.reveal()));
    }

    #[test]
    fn both_tables_are_bounded() {
        let home = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(home.path()).unwrap();
        let first = signed_in(&sessions);
        for _ in 0..SESSIONS_MAX {
            signed_in(&sessions);
        }
        assert!(!sessions.holds(&first.digest(), NOW));
        let oldest = sessions.mint_login().unwrap();
        for _ in 0..LOGIN_TOKENS_MAX {
            sessions.mint_login().unwrap();
        }
        assert!(sessions.login(oldest.reveal(), NOW).unwrap().is_none());
    }
}
