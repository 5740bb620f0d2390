//! What a message is: a description that becomes a struct with decode and encode.
//!
//! * `message!` lists fields as `name: Type, versions;`, with `null VERSIONS` where an `Option` may be null only in some
//!   versions and `default VALUE` where a version that lacks the field means something else than zero.
//! * In a flexible version lengths are compact and every struct ends with tagged fields, which are skipped and never sent.

use std::{fmt, ops::RangeInclusive};

use super::{
    reader::{DecodeError, Reader},
    writer::Writer,
};

/// A version of one message, and whether it is in the flexible encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// The number.
    pub(crate) number: i16,
    /// Whether lengths are compact and tagged fields follow.
    pub(crate) flexible: bool,
}

impl Version {
    /// Version `number` of an API.
    pub(crate) fn of<A: Api>(number: i16) -> Self {
        Self { number, flexible: number >= A::FLEXIBLE_FROM }
    }
}

/// A value with an encoding.
pub(crate) trait Wire: Sized {
    /// Fewest bytes that any value of this type takes.
    fn smallest(v: Version) -> usize;
    /// Reads a value.
    fn decode(r: &mut Reader, v: Version) -> Result<Self, DecodeError>;
    /// Writes the value.
    fn encode(&self, w: &mut Writer, v: Version);
    /// A random value that version `v` can carry.
    #[cfg(test)]
    fn sample(dice: &mut Dice, v: Version) -> Self;
}

/// One of Kafka's APIs.
pub(crate) trait Api {
    /// Its number.
    const KEY: i16;
    /// The versions that are advertised.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version in the flexible encoding.
    const FLEXIBLE_FROM: i16;
    /// What a client sends.
    type Request: Wire + Default + fmt::Debug + PartialEq + Send;
    /// What it gets back.
    type Response: Wire + Default + fmt::Debug + PartialEq + Send;
}

/// Names an API: its key, versions, first flexible version, request and response.
macro_rules! api {
    ($(#[$meta:meta])* $name:ident = $key:literal, $versions:expr, flexible $flexible:expr, $request:ident => $response:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl $crate::wire::Api for $name {
            const KEY: i16 = $key;
            const VERSIONS: std::ops::RangeInclusive<i16> = $versions;
            const FLEXIBLE_FROM: i16 = $flexible;
            type Request = $request;
            type Response = $response;
        }
    };
}

/// Describes structs of the wire, field by field.
macro_rules! message {
    ($( $(#[$meta:meta])* struct $name:ident { $(
        $(#[$field_meta:meta])* $field:ident: $ty:ty, $versions:expr
            $(, null $null:expr)? $(, default $default:expr)?;
    )* } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::struct_field_names, reason = "the fields have the protocol's names")]
        pub(crate) struct $name { $( $(#[$field_meta])* pub(crate) $field: $ty, )* }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: message!(@default $($default)?), )* }
            }
        }

        impl $crate::wire::Wire for $name {
            fn smallest(v: $crate::wire::Version) -> usize {
                #[allow(unused_mut, reason = "a message may have no fields")]
                let mut bytes = usize::from(v.flexible);
                $( if ($versions).contains(&v.number) {
                    bytes += <$ty as $crate::wire::Wire>::smallest(v);
                } )*
                bytes
            }

            fn decode(
                r: &mut $crate::wire::Reader,
                v: $crate::wire::Version,
            ) -> Result<Self, $crate::wire::DecodeError> {
                #[allow(unused_mut, reason = "a message may have no fields")]
                let mut message = Self::default();
                $( if ($versions).contains(&v.number) {
                    message.$field = <$ty as $crate::wire::Wire>::decode(r, v)?;
                    $( if message.$field.is_none() && !($null).contains(&v.number) {
                        let (field, version) = (stringify!($field), v.number);
                        return Err($crate::wire::DecodeError::Null { field, version });
                    } )?
                } )*
                if v.flexible {
                    r.skip_tags()?;
                }
                Ok(message)
            }

            fn encode(&self, w: &mut $crate::wire::Writer, v: $crate::wire::Version) {
                $( if ($versions).contains(&v.number) {
                    message!(@encode self, $field, $ty, w, v $(, $null)?);
                } )*
                if v.flexible {
                    w.no_tags();
                }
            }

            #[cfg(test)]
            #[allow(unused_variables, reason = "a message may have no fields")]
            fn sample(dice: &mut $crate::wire::message::Dice, v: $crate::wire::Version) -> Self {
                #[allow(unused_mut, reason = "a message may have no fields")]
                let mut message = Self::default();
                $( if ($versions).contains(&v.number) {
                    message.$field = <$ty as $crate::wire::Wire>::sample(dice, v);
                    $( if !($null).contains(&v.number) {
                        message.$field.get_or_insert_default();
                    } )?
                } )*
                message
            }
        }
    )* };
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
    (@encode $self:ident, $field:ident, $ty:ty, $w:ident, $v:ident) => {
        $crate::wire::Wire::encode(&$self.$field, $w, $v)
    };
    (@encode $self:ident, $field:ident, $ty:ty, $w:ident, $v:ident, $null:expr) => {
        if $self.$field.is_none() && !($null).contains(&$v.number) {
            let empty: $ty = Some(Default::default());
            $crate::wire::Wire::encode(&empty, $w, $v)
        } else {
            $crate::wire::Wire::encode(&$self.$field, $w, $v)
        }
    };
}

pub(crate) use {api, message};

/// Chance for generated messages: bytes that a test gives, so that it can shrink them.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Dice {
    bytes: Vec<u8>,
    at: usize,
}

#[cfg(test)]
impl Dice {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0 }
    }

    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.bytes.get(self.at - 1).copied().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// Small and large numbers of both signs.
    pub(crate) fn number(&mut self) -> i64 {
        match self.byte() {
            0..64 => i64::from(self.byte()),
            64..128 => i64::MIN | i64::from(self.byte()),
            128..192 => i64::MAX - i64::from(self.byte()),
            _ => -i64::from(self.byte()),
        }
    }
}
