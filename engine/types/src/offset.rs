//! Positions in a partition's log and the number of a partition.
//!
//! * An offset names a record; where its bytes lie in a file is a *position*, another thing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Place of a record in a partition's log. Dense, from zero, never reused.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(u64);

impl Offset {
    /// The first offset of every log.
    pub const ZERO: Self = Self(0);
    /// The largest offset that Kafka's signed field can carry.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// Makes an offset from a count of records before it.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Reads an offset from the wire, where negative numbers mean something else than a place.
    pub fn from_wire(value: i64) -> Option<Self> {
        u64::try_from(value).ok().map(Self)
    }

    /// The offset as the wire writes it.
    pub const fn to_wire(self) -> i64 {
        self.0.cast_signed()
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The offset `records` further on, or `None` past the end of the number range.
    pub fn checked_add(self, records: u64) -> Option<Self> {
        self.0.checked_add(records).filter(|v| *v <= Self::MAX.0).map(Self)
    }

    /// The offset `records` further on, staying at [`Offset::MAX`].
    #[must_use]
    pub fn plus(self, records: u64) -> Self {
        self.checked_add(records).unwrap_or(Self::MAX)
    }

    /// How many offsets lie from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a partition within its topic, from zero.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PartitionId(u32);

impl PartitionId {
    /// Makes a partition number.
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// Reads a partition number from the wire; negative numbers mean something else.
    pub fn from_wire(value: i32) -> Option<Self> {
        u32::try_from(value).ok().map(Self)
    }

    /// The number as the wire writes it.
    pub const fn to_wire(self) -> i32 {
        self.0.cast_signed()
    }

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_stop_at_the_largest_that_the_wire_can_carry() {
        assert_eq!(Offset::MAX.checked_add(1), None);
        assert_eq!(Offset::MAX.plus(1), Offset::MAX);
        assert_eq!(Offset::from_wire(-1), None);
        assert_eq!(Offset::new(7).to_wire(), 7);
    }
}
