//! Models: trained on tables, kept as versions, served from memory, updated online.
//!
//! * What versions there are is in `_pancake.models`; what one is, is a blob named by its sha256.
//! * A version takes over by one swap, after everything that it needs is in memory: no request fails.
//! * After a restart the champion of each model is served again, with every online update that was acknowledged.

mod blobs;
mod online;
mod show;
mod train;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use pancake_broker::Broker;
use pancake_serving::{
    CHAMPION, ModelName, PredictError, Recommender, Registry, RegistryError, RegistryEvent, Version,
};
use pancake_types::Clock;

use crate::{
    ErrorKind, NodeError,
    api::{DeployRequest, EvaluationView, ModelView, TrainRequest, VersionView},
    blocking,
    journal::Journal,
    nearest::nearest,
    node::Node,
    topics::chain,
};
use blobs::Blobs;
use online::Follower;

/// Topic of versions and aliases.
const TOPIC: &str = "_pancake.models";
/// Length of the lists that an evaluation judges.
const EVALUATED_K: usize = 10;

/// All models.
#[derive(Debug)]
pub(crate) struct Models {
    broker: Broker,
    clock: Arc<dyn Clock>,
    journal: Journal,
    blobs: Arc<Blobs>,
    registry: RwLock<Registry>,
    endpoints: Mutex<BTreeMap<ModelName, Endpoint>>,
    /// Commands go one at a time: what was checked is still so when it is written.
    commands: Mutex<()>,
}

/// A model that answers.
#[derive(Debug)]
struct Endpoint {
    recommender: Arc<Recommender>,
    follower: Option<Follower>,
}

impl Models {
    /// Reads the registry and serves every champion. Blocks.
    pub(crate) fn restore(
        broker: &Broker,
        clock: Arc<dyn Clock>,
        blobs: PathBuf,
    ) -> Result<Self, NodeError> {
        let journal = Journal::compacted(broker, TOPIC)?;
        let mut registry = Registry::default();
        for (key, value) in journal.read()? {
            match RegistryEvent::decode(key.as_bytes(), value.as_deref()) {
                Ok(event) => registry.apply(event),
                Err(error) => tracing::error!(key, %error, "a model's record cannot be read"),
            }
        }
        let models = Self {
            broker: broker.clone(),
            clock,
            journal,
            blobs: Arc::new(Blobs::new(blobs)),
            registry: RwLock::new(registry),
            endpoints: Mutex::default(),
            commands: Mutex::default(),
        };
        let names: Vec<ModelName> =
            models.registry().models().map(|(name, _)| name.clone()).collect();
        for name in names {
            if let Err(error) = models.serve(&name) {
                tracing::error!(model = %name, %error, "a model cannot be served");
            }
        }
        Ok(models)
    }

    fn registry(&self) -> std::sync::RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an event down, then takes it in. Blocks.
    fn record(&self, event: RegistryEvent) -> Result<(), NodeError> {
        self.journal.append(&event.key(), event.value())?;
        self.registry.write().unwrap_or_else(PoisonError::into_inner).apply(event);
        Ok(())
    }

    /// The answering side of a model.
    pub(crate) fn recommender(&self, model: &str) -> Result<Arc<Recommender>, NodeError> {
        let name = self.name(model)?;
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.get(&name).map(|e| Arc::clone(&e.recommender)).ok_or_else(|| not_served(&name))
    }

    /// A model's name, if there is such a model.
    fn name(&self, model: &str) -> Result<ModelName, NodeError> {
        let registry = self.registry();
        let known = ModelName::new(model).ok().filter(|name| registry.model(name).is_ok());
        known.ok_or_else(|| {
            let error =
                NodeError::not_found("unknown_model", format!("there is no model `{model}`"));
            match nearest(model, registry.models().map(|(name, _)| name.as_str())) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`pancake model list` shows what there is"),
            }
        })
    }

    /// Brings the champion of a model into service, or takes the model out of it. Blocks.
    fn serve(&self, name: &ModelName) -> Result<(), NodeError> {
        let champion = {
            let registry = self.registry();
            let entry = registry.model(name).ok();
            entry.and_then(|e| {
                Some((e.aliased(CHAMPION)?.clone(), e.aliases.get(CHAMPION)?.online.clone()))
            })
        };
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((version, online)) = champion else {
            if let Some(old) = endpoints.remove(name) {
                old.recommender.clear();
            }
            return Ok(());
        };
        let endpoint = endpoints.entry(name.clone()).or_insert_with(|| Endpoint {
            recommender: Arc::new(Recommender::new(name.clone(), Arc::clone(&self.clock))),
            follower: None,
        });
        // The old follower writes no more before the new one reads what it wrote; answers go on meanwhile.
        drop(endpoint.follower.take());
        let start = online::Start {
            broker: self.broker.clone(),
            clock: Arc::clone(&self.clock),
            recommender: Arc::clone(&endpoint.recommender),
            blobs: Arc::clone(&self.blobs),
            version,
            topic: online,
        };
        endpoint.follower = start.serve()?;
        Ok(())
    }

    /// Ends all online updates.
    pub(crate) fn hold_all(&self) {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        for endpoint in endpoints.values_mut() {
            drop(endpoint.follower.take());
        }
    }

    /// Number of models.
    pub(crate) fn count(&self) -> usize {
        self.registry().models().count()
    }
}

impl Node {
    /// All models by name.
    pub fn models(&self) -> Vec<ModelView> {
        let models = &self.inner().models;
        let names: Vec<ModelName> = models.registry().models().map(|(n, _)| n.clone()).collect();
        names.iter().filter_map(|name| models.show(name)).collect()
    }

    /// A model by name.
    ///
    /// # Errors
    /// `unknown_model`.
    pub fn model(&self, name: &str) -> Result<ModelView, NodeError> {
        let models = &self.inner().models;
        let name = models.name(name)?;
        models.show(&name).ok_or_else(|| NodeError::not_found("unknown_model", "the model is gone"))
    }

    /// The answering side of a model: recommendations and the inference protocol go through it.
    ///
    /// # Errors
    /// `unknown_model`, `not_serving`.
    pub fn recommender(&self, model: &str) -> Result<Arc<Recommender>, NodeError> {
        self.inner().models.recommender(model)
    }

    /// Trains a version on the rows of a table and measures it on held-out ones, beside popularity and chance.
    ///
    /// # Errors
    /// `unknown_table` and what else SQL says, `invalid_training`, `invalid_model`.
    pub async fn train(&self, request: TrainRequest) -> Result<VersionView, NodeError> {
        train::run(self, request).await
    }

    /// Makes a version the one that is served.
    ///
    /// # Errors
    /// `unknown_model`, `unknown_version`, `unknown_topic`.
    pub async fn deploy(
        &self,
        model: &str,
        request: DeployRequest,
    ) -> Result<ModelView, NodeError> {
        if let Some(topic) = &request.online {
            self.topic(topic)?;
        }
        let (node, model) = (self.clone(), model.to_owned());
        blocking(move || {
            let version = request.version.map(Version::new);
            node.inner().models.check_online(&model, version, request.online.as_deref())?;
            node.inner().models.command(&model, |registry, name| {
                registry.deploy(name, version, request.online.clone())
            })?;
            node.model(&model)
        })
        .await
    }

    /// Serves the version that was served before.
    ///
    /// # Errors
    /// `unknown_model`, `no_earlier_version`.
    pub async fn rollback(&self, model: &str) -> Result<ModelView, NodeError> {
        let (node, model) = (self.clone(), model.to_owned());
        blocking(move || {
            node.inner().models.command(&model, Registry::rollback)?;
            node.model(&model)
        })
        .await
    }

    /// Forgets a model with its versions and its online updates.
    ///
    /// # Errors
    /// `unknown_model`.
    pub async fn delete_model(&self, model: &str) -> Result<(), NodeError> {
        let (node, model) = (self.clone(), model.to_owned());
        blocking(move || node.inner().models.delete(&model)).await
    }

    /// Measures what is served now, online updates included, on the rows of a table with the training's columns.
    ///
    /// # Errors
    /// `unknown_model`, `not_serving`, and what SQL says of the table.
    pub async fn evaluate(
        &self,
        model: &str,
        test_table: &str,
    ) -> Result<EvaluationView, NodeError> {
        train::evaluate_served(self, model, test_table).await
    }
}

impl Models {
    /// One change of the registry that concerns what is served. Blocks.
    fn command(
        &self,
        model: &str,
        make: impl FnOnce(&Registry, &ModelName) -> Result<RegistryEvent, RegistryError>,
    ) -> Result<(), NodeError> {
        let _one = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let name = self.name(model)?;
        let event = make(&self.registry(), &name).map_err(registry_error)?;
        self.record(event)?;
        self.serve(&name)
    }

    /// Only a model with a row for each user and each item can be updated online.
    fn check_online(
        &self,
        model: &str,
        version: Option<Version>,
        online: Option<&str>,
    ) -> Result<(), NodeError> {
        let name = self.name(model)?;
        let registry = self.registry();
        let Ok(entry) = registry.model(&name) else { return Ok(()) };
        let record = version.map_or_else(|| entry.newest(), |v| entry.versions.get(&v));
        match record.map(|r| r.algorithm.as_str()) {
            Some(algorithm) if online.is_some() && algorithm != "als" => {
                let message = format!("a version made by `{algorithm}` cannot be updated online");
                Err(NodeError::invalid("not_online", message)
                    .hint("train it with `--algorithm als`, or deploy it without `--online`"))
            }
            _ => Ok(()),
        }
    }

    fn delete(&self, model: &str) -> Result<(), NodeError> {
        let _one = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let name = self.name(model)?;
        let events = self.registry().remove(&name).map_err(registry_error)?;
        for event in events {
            self.record(event)?;
        }
        self.serve(&name)?;
        online::forget(&self.broker, &name)
    }
}

fn not_served(name: &ModelName) -> NodeError {
    let message = format!("no version of model `{name}` is deployed");
    NodeError::new(ErrorKind::Conflict, "not_serving", message)
        .hint(format!("`pancake model deploy {name}`"))
}

fn registry_error(error: RegistryError) -> NodeError {
    let text = error.to_string();
    match error {
        RegistryError::UnknownModel { .. } => NodeError::not_found("unknown_model", text),
        RegistryError::UnknownVersion { .. } => NodeError::not_found("unknown_version", text),
        RegistryError::NoEarlierVersion { .. } => {
            NodeError::new(ErrorKind::Conflict, "no_earlier_version", text)
        }
    }
}

/// Serving's errors in the engine's words.
pub fn predict_error(error: &PredictError) -> NodeError {
    let text = chain(error);
    match error {
        PredictError::NotServing { model } => not_served(model),
        PredictError::OtherVersion { .. } => NodeError::not_found("unknown_version", text),
        PredictError::K { .. } => NodeError::invalid("bad_question", text),
    }
}
