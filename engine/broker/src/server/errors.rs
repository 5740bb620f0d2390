//! What our errors are called on the wire; the only place that knows.

use pancake_log::{AppendError, MaintenanceError, ReadError};

use crate::{
    error::{GroupError, TopicError},
    wire::ErrorCode,
};

impl From<&AppendError> for ErrorCode {
    fn from(error: &AppendError) -> Self {
        match error {
            AppendError::TooLarge { .. } => Self::MESSAGE_TOO_LARGE,
            AppendError::Corrupt(_) => Self::CORRUPT_MESSAGE,
            AppendError::UnsupportedMagic { .. } => Self::UNSUPPORTED_FOR_MESSAGE_FORMAT,
            AppendError::InvalidRecord { .. } => Self::INVALID_RECORD,
            AppendError::OutOfOrderSequence { .. } => Self::OUT_OF_ORDER_SEQUENCE_NUMBER,
            AppendError::InvalidProducerEpoch { .. } => Self::INVALID_PRODUCER_EPOCH,
            AppendError::Closed => Self::UNKNOWN_TOPIC_OR_PARTITION,
            _ => Self::KAFKA_STORAGE_ERROR,
        }
    }
}

impl From<&ReadError> for ErrorCode {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::OffsetOutOfRange { .. } => Self::OFFSET_OUT_OF_RANGE,
            ReadError::Damaged { .. } => Self::CORRUPT_MESSAGE,
            ReadError::Storage(_) => Self::KAFKA_STORAGE_ERROR,
        }
    }
}

impl From<&MaintenanceError> for ErrorCode {
    fn from(error: &MaintenanceError) -> Self {
        match error {
            MaintenanceError::OffsetOutOfRange { .. } => Self::OFFSET_OUT_OF_RANGE,
            _ => Self::KAFKA_STORAGE_ERROR,
        }
    }
}

impl From<&TopicError> for ErrorCode {
    fn from(error: &TopicError) -> Self {
        match error {
            TopicError::Name(_) => Self::INVALID_TOPIC_EXCEPTION,
            TopicError::Exists { .. } => Self::TOPIC_ALREADY_EXISTS,
            TopicError::Unknown { .. } => Self::UNKNOWN_TOPIC_OR_PARTITION,
            TopicError::Internal { .. } => Self::TOPIC_AUTHORIZATION_FAILED,
            TopicError::Partitions { .. } => Self::INVALID_PARTITIONS,
            TopicError::UnknownConfig { .. } | TopicError::InvalidConfig { .. } => {
                Self::INVALID_CONFIG
            }
            TopicError::Open { .. } | TopicError::State(_) | TopicError::Remove { .. } => {
                Self::KAFKA_STORAGE_ERROR
            }
        }
    }
}

impl From<&GroupError> for ErrorCode {
    fn from(error: &GroupError) -> Self {
        match error {
            GroupError::Unknown { .. } => Self::GROUP_ID_NOT_FOUND,
            GroupError::NotEmpty { .. } => Self::NON_EMPTY_GROUP,
            GroupError::TooManyOffsets { .. } => Self::POLICY_VIOLATION,
            GroupError::State(_) => Self::KAFKA_STORAGE_ERROR,
        }
    }
}
