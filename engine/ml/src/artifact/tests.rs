//! A model survives its file to the bit, and a file that is not whole is refused.

use super::*;
use crate::{Interactions, planted::planted, train};

fn model() -> FactorModel {
    let settings = AlsSettings { factors: 5, alpha: 2.5, ..AlsSettings::default() };
    train(&Interactions::from(&planted(2)), &settings).unwrap()
}

#[test]
fn a_model_comes_back_to_the_bit() {
    let mut model = model();
    model.set_user("has seen nothing", &[0.25; 5]).unwrap();
    let bytes = encode(&model).unwrap();
    assert_eq!(decode(&bytes, &sha256_hex(&bytes)).unwrap(), model);
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let model = model();
    let first = encode(&model).unwrap();
    for _ in 0..8 {
        assert_eq!(sha256_hex(&encode(&model).unwrap()), sha256_hex(&first));
    }
}

#[test]
fn any_changed_byte_is_noticed() {
    let bytes = encode(&model()).unwrap();
    let sha256 = sha256_hex(&bytes);
    for at in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(matches!(decode(&damaged, &sha256), Err(ArtifactError::Damaged { .. })));
    }
    assert!(matches!(decode(&bytes[..9], &sha256), Err(ArtifactError::Damaged { .. })));
}

#[test]
fn bytes_that_are_something_else_are_an_error_even_with_their_own_sha256() {
    let bytes = encode(&model()).unwrap();
    for other in [&b""[..], b"ARROW1", b"not a model", &bytes[..bytes.len() / 2]] {
        assert!(decode(other, &sha256_hex(other)).is_err(), "{} bytes were read", other.len());
    }
}
