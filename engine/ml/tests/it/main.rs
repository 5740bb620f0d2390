//! The models on real data. Skipped, and saying so, where the data sets are not beside the repository.

mod anime;
