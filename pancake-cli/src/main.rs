//! The command `pancake`.
fn main() {}
