//! Secrets: 256 random bits, shown once as hex, kept only as a SHA-256 digest, compared in constant time.
//!
//! * A [`Secret`] never prints itself; a [`Digest`] may be written to a file.
//! * Two kinds are never mixed by whoever holds them: login tokens and the API token (`contracts.md` §3).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The machine gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the machine gave no random bytes: {0}")]
pub struct NoRandomness(getrandom::Error);

/// A fresh secret as text. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Makes one from the machine's randomness.
    pub fn fresh() -> Result<Self, NoRandomness> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(NoRandomness)?;
        Ok(Self(hex(&bytes)))
    }

    /// Takes a secret that someone else made, such as the API token of `run.json`.
    pub fn of(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that hands it out.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a secret, as hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Digest(String);

impl Digest {
    /// The digest of what a client showed.
    pub(crate) fn of(shown: &str) -> Self {
        Self(hex(&Sha256::digest(shown.as_bytes())))
    }

    /// Compares in a time that does not depend on where the two differ.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |n: u8| DIGITS.get(usize::from(n)).copied().unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_256_bits_and_never_the_same() {
        let (a, b) = (Secret::fresh().unwrap(), Secret::fresh().unwrap());
        assert_eq!(a.reveal().len(), 64);
        assert_ne!(a.reveal(), b.reveal());
        assert_eq!(format!("{a:?}"), "Secret(…)");
    }

    #[test]
    fn digests_compare_by_content() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of("abc"), Digest(known.into()));
        assert!(Digest::of("abc").same(&Digest::of("abc")));
        assert!(!Digest::of("abc").same(&Digest::of("abd")));
        assert!(!Digest::of("abc").same(&Digest(String::new())));
    }
}
