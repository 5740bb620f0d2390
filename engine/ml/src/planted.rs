//! Test data with a taste that is known: users of a cluster see mostly that cluster's items.

use crate::Pairs;

/// `clusters` groups of 40 users and 30 items; each user sees 10 items of their group and 1 of another.
pub(crate) fn planted(clusters: u32) -> Pairs {
    let mut pairs = Pairs::default();
    for user in 0..clusters * 40 {
        let group = user % clusters;
        for draw in 0..10_u32 {
            let item = (user * 100 + draw).wrapping_mul(0x9E37_79B9) >> 16;
            let item = item % 30;
            pairs.push(&format!("u{user}"), &format!("{group}/{item}"));
        }
        pairs.push(&format!("u{user}"), &format!("{}/{}", (group + 1) % clusters, user % 30));
    }
    pairs
}

/// How many of the items are of a cluster.
pub(crate) fn share<S: AsRef<str>>(items: &[S], cluster: u32) -> usize {
    let prefix = format!("{cluster}/");
    items.iter().filter(|item| item.as_ref().starts_with(&prefix)).count()
}
