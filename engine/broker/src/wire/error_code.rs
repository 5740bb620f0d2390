//! Kafka's error codes that this broker answers with.

use super::{
    message::{Version, Wire},
    reader::{DecodeError, Reader},
    writer::Writer,
};

/// A result as the wire writes it; zero is success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorCode(i16);

macro_rules! codes {
    ($($name:ident = $code:literal;)*) => {
        impl ErrorCode { $( pub(crate) const $name: Self = Self($code); )* }
    };
}

codes! {
    NONE = 0;
    OFFSET_OUT_OF_RANGE = 1;
    CORRUPT_MESSAGE = 2;
    UNKNOWN_TOPIC_OR_PARTITION = 3;
    COORDINATOR_NOT_AVAILABLE = 15;
    MESSAGE_TOO_LARGE = 10;
    OFFSET_METADATA_TOO_LARGE = 12;
    INVALID_TOPIC_EXCEPTION = 17;
    INVALID_REQUIRED_ACKS = 21;
    ILLEGAL_GENERATION = 22;
    INCONSISTENT_GROUP_PROTOCOL = 23;
    INVALID_GROUP_ID = 24;
    UNKNOWN_MEMBER_ID = 25;
    INVALID_SESSION_TIMEOUT = 26;
    REBALANCE_IN_PROGRESS = 27;
    TOPIC_AUTHORIZATION_FAILED = 29;
    UNSUPPORTED_VERSION = 35;
    TOPIC_ALREADY_EXISTS = 36;
    INVALID_PARTITIONS = 37;
    INVALID_REPLICATION_FACTOR = 38;
    INVALID_CONFIG = 40;
    INVALID_REQUEST = 42;
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43;
    POLICY_VIOLATION = 44;
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
    INVALID_PRODUCER_EPOCH = 47;
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53;
    KAFKA_STORAGE_ERROR = 56;
    NON_EMPTY_GROUP = 68;
    GROUP_ID_NOT_FOUND = 69;
    FETCH_SESSION_ID_NOT_FOUND = 70;
    UNKNOWN_LEADER_EPOCH = 75;
    MEMBER_ID_REQUIRED = 79;
    GROUP_MAX_SIZE_REACHED = 81;
    FENCED_INSTANCE_ID = 82;
    GROUP_SUBSCRIBED_TO_TOPIC = 86;
    INVALID_RECORD = 87;
    UNKNOWN_TOPIC_ID = 100;
}

impl ErrorCode {
    /// Whether this is success.
    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl Wire for ErrorCode {
    fn smallest(v: Version) -> usize {
        i16::smallest(v)
    }

    fn decode(r: &mut Reader, _: Version) -> Result<Self, DecodeError> {
        r.i16().map(Self)
    }

    fn encode(&self, w: &mut Writer, v: Version) {
        self.0.encode(w, v);
    }

    #[cfg(test)]
    fn sample(dice: &mut super::message::Dice, v: Version) -> Self {
        Self(i16::sample(dice, v))
    }
}
