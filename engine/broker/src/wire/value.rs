//! The types that fields have, each with its decode and encode.
//!
//! * A text or bytes value is a slice of the frame it came in; who keeps it for longer than the request copies it.
//! * A text that exists is UTF-8 and, in the older encodings, at most 32,767 bytes long.

use std::fmt;

use bytes::Bytes;
use uuid::Uuid;

use super::{
    message::{Version, Wire},
    reader::{DecodeError, Reader},
    writer::Writer,
};

/// Longest text that the older encodings can carry.
const TEXT_BYTES_MAX: usize = i16::MAX as usize;

/// A text of the wire. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Str(Bytes);

impl Str {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        // Checked when it was made, so this cannot fall back.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether the text has no characters.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A copy that does not keep the frame in memory; `None` for an empty text.
    pub(crate) fn to_owned_some(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.to_string())
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Str {
    fn from(mut text: String) -> Self {
        if text.len() > TEXT_BYTES_MAX {
            text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        }
        Self(text.into())
    }
}

macro_rules! numbers {
    ($($ty:ident),*) => { $(
        impl Wire for $ty {
            fn smallest(_: Version) -> usize {
                size_of::<Self>()
            }

            fn decode(r: &mut Reader, _: Version) -> Result<Self, DecodeError> {
                r.$ty()
            }

            fn encode(&self, w: &mut Writer, _: Version) {
                w.put(&self.to_be_bytes());
            }

            #[cfg(test)]
            fn sample(dice: &mut super::message::Dice, _: Version) -> Self {
                dice.number() as Self
            }
        }
    )* };
}

numbers!(i8, i16, i32, i64);

impl Wire for bool {
    fn smallest(_: Version) -> usize {
        1
    }

    fn decode(r: &mut Reader, _: Version) -> Result<Self, DecodeError> {
        Ok(r.i8()? != 0)
    }

    fn encode(&self, w: &mut Writer, _: Version) {
        w.put(&[u8::from(*self)]);
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, _: Version) -> Self {
        dice.number() % 2 == 0
    }
}

impl Wire for Uuid {
    fn smallest(_: Version) -> usize {
        16
    }

    fn decode(r: &mut Reader, _: Version) -> Result<Self, DecodeError> {
        let bytes = r.take(16)?;
        Ok(Self::from_slice(&bytes).unwrap_or_default())
    }

    fn encode(&self, w: &mut Writer, _: Version) {
        w.put(self.as_bytes());
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, _: Version) -> Self {
        Self::from_u128(dice.number() as u128)
    }
}

impl Wire for Str {
    fn smallest(v: Version) -> usize {
        if v.flexible { 1 } else { 2 }
    }

    fn decode(r: &mut Reader, v: Version) -> Result<Self, DecodeError> {
        Option::decode(r, v)?.ok_or(DecodeError::Length { length: -1 })
    }

    fn encode(&self, w: &mut Writer, v: Version) {
        w.text_len(Some(self.0.len()), v);
        w.put(&self.0);
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, _: Version) -> Self {
        "ä".repeat(dice.below(4)).into()
    }
}

impl Wire for Option<Str> {
    fn smallest(v: Version) -> usize {
        Str::smallest(v)
    }

    fn decode(r: &mut Reader, v: Version) -> Result<Self, DecodeError> {
        let Some(len) = r.text_len(v)? else { return Ok(None) };
        let bytes = r.take(len)?;
        std::str::from_utf8(&bytes).map_err(|_| DecodeError::Utf8)?;
        Ok(Some(Str(bytes)))
    }

    fn encode(&self, w: &mut Writer, v: Version) {
        match self {
            Some(text) => text.encode(w, v),
            None => w.text_len(None, v),
        }
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, v: Version) -> Self {
        (dice.below(3) > 0).then(|| Str::sample(dice, v))
    }
}

impl Wire for Bytes {
    fn smallest(v: Version) -> usize {
        if v.flexible { 1 } else { 4 }
    }

    fn decode(r: &mut Reader, v: Version) -> Result<Self, DecodeError> {
        Option::decode(r, v)?.ok_or(DecodeError::Length { length: -1 })
    }

    fn encode(&self, w: &mut Writer, v: Version) {
        w.len(Some(self.len()), v);
        w.share(self);
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, _: Version) -> Self {
        // Sometimes long enough to become a part of its own.
        vec![7; dice.below(3) * 700].into()
    }
}

impl Wire for Option<Bytes> {
    fn smallest(v: Version) -> usize {
        Bytes::smallest(v)
    }

    fn decode(r: &mut Reader, v: Version) -> Result<Self, DecodeError> {
        let Some(len) = r.len(v)? else { return Ok(None) };
        r.take(len).map(Some)
    }

    fn encode(&self, w: &mut Writer, v: Version) {
        match self {
            Some(bytes) => bytes.encode(w, v),
            None => w.len(None, v),
        }
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, v: Version) -> Self {
        (dice.below(3) > 0).then(|| Bytes::sample(dice, v))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn smallest(v: Version) -> usize {
        if v.flexible { 1 } else { 4 }
    }

    fn decode(r: &mut Reader, v: Version) -> Result<Self, DecodeError> {
        r.list(v)?.ok_or(DecodeError::Length { length: -1 })
    }

    fn encode(&self, w: &mut Writer, v: Version) {
        w.len(Some(self.len()), v);
        for element in self {
            element.encode(w, v);
        }
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, v: Version) -> Self {
        (0..dice.below(3)).map(|_| T::sample(dice, v)).collect()
    }
}

impl<T: Wire> Wire for Option<Vec<T>> {
    fn smallest(v: Version) -> usize {
        Vec::<T>::smallest(v)
    }

    fn decode(r: &mut Reader, v: Version) -> Result<Self, DecodeError> {
        r.list(v)
    }

    fn encode(&self, w: &mut Writer, v: Version) {
        match self {
            Some(list) => list.encode(w, v),
            None => w.len(None, v),
        }
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, v: Version) -> Self {
        (dice.below(3) > 0).then(|| Vec::sample(dice, v))
    }
}
