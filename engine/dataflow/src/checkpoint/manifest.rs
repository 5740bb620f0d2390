//! What a checkpoint consists of: one line with a checksum, then JSON.
//!
//! * It names the hash and the key groups that its state is cut by; others cannot be restored.
//! * Every part has its own checksum, so rot in the state file is noticed before it becomes rows.

use serde::{Deserialize, Serialize};

use crate::{CheckpointId, KEY_GROUPS, OperatorId, hash::HASH_VERSION};

/// Version of the layout of a checkpoint.
pub(crate) const FORMAT: u32 = 1;

/// The list of a checkpoint's parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) hash_version: u32,
    pub(crate) key_groups: u16,
    pub(crate) job: String,
    pub(crate) checkpoint: CheckpointId,
    /// Wall time, in milliseconds since 1970.
    pub(crate) created_at: i64,
    pub(crate) parts: Vec<Part>,
}

/// Where a subtask's state of a vertex lies in the state file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) vertex: OperatorId,
    pub(crate) subtask: usize,
    pub(crate) position: u64,
    pub(crate) length: u64,
    pub(crate) crc32c: u32,
}

impl Manifest {
    pub(crate) fn new(job: &str, checkpoint: CheckpointId, created_at: i64) -> Self {
        Self {
            format: FORMAT,
            hash_version: HASH_VERSION,
            key_groups: KEY_GROUPS,
            job: job.to_owned(),
            checkpoint,
            created_at,
            parts: Vec::new(),
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let body = serde_json::to_vec_pretty(self)?;
        let mut bytes = format!("crc32c {:08x}\n", crc32c::crc32c(&body)).into_bytes();
        bytes.extend(body);
        Ok(bytes)
    }

    /// Reads a manifest; the text says what is wrong with it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let (head, body) = bytes.split_at_checked(16).ok_or("it is cut short")?;
        let sum = head.strip_prefix(b"crc32c ").and_then(|head| head.strip_suffix(b"\n"));
        let sum = sum.and_then(|digits| std::str::from_utf8(digits).ok());
        let sum = sum.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if sum.ok_or("it has no checksum")? != crc32c::crc32c(body) {
            return Err("its checksum is wrong");
        }
        let manifest: Self = serde_json::from_slice(body).map_err(|_| "it is malformed")?;
        if manifest.format != FORMAT {
            return Err("it has another format");
        }
        if manifest.hash_version != HASH_VERSION || manifest.key_groups != KEY_GROUPS {
            return Err("its keys were spread by another hash");
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_cut_manifest_is_refused() {
        let manifest = Manifest::new("counts", CheckpointId::new(3), 0);
        let bytes = manifest.encode().unwrap();
        assert_eq!(Manifest::decode(&bytes).as_ref(), Ok(&manifest));
        for cut in [0, 10, 16, bytes.len() - 1] {
            assert!(Manifest::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for at in [0, 8, 20, bytes.len() - 1] {
            let mut broken = bytes.clone();
            broken[at] ^= 1;
            assert!(Manifest::decode(&broken).is_err(), "flip at {at}");
        }
    }
}
