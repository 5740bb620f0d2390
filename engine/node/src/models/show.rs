//! A model as it is shown.

use pancake_serving::{ModelName, VersionRecord};

use super::Models;
use crate::api::{ModelView, VersionView};

impl Models {
    /// What is known of a model.
    pub(super) fn show(&self, name: &ModelName) -> Option<ModelView> {
        let registry = self.registry();
        let entry = registry.model(name).ok()?;
        let aliases = entry.aliases.iter().map(|(a, r)| (a.clone(), r.version.get())).collect();
        let versions = entry.versions.values().map(version).collect();
        drop(registry);
        let endpoints = self.endpoints.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let endpoint = endpoints.get(name);
        let live = endpoint.and_then(|e| e.recommender.live());
        let online = endpoint
            .and_then(|e| e.follower.as_ref())
            .zip(live.as_ref())
            .map(|(follower, live)| follower.view(live));
        Some(ModelView {
            name: name.to_string(),
            versions,
            aliases,
            serving: live.map(|live| live.version().get()),
            online,
        })
    }
}

/// A version as it is shown.
pub(super) fn version(record: &VersionRecord) -> VersionView {
    VersionView {
        version: record.version.get(),
        created_at: record.created_at.millis(),
        algorithm: record.algorithm.clone(),
        params: record.params.clone(),
        metrics: record.metrics.clone(),
        rows: record.rows,
        sha256: record.sha256.clone(),
    }
}
