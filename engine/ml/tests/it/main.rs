//! The models on real data. Skipped, and saying so, where the data sets are not beside the repository.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking and says on stderr why it was skipped"
)]

mod anime;
