//! Settings: built-in defaults, then `pancake.toml` in the home, then `PANCAKE_*`, then flags.
//!
//! * Parsed once into a plain value and passed down; nothing below reads the environment.
//! * Every setting has a default in `defaults.toml`, which is the reference: an unknown name in a file is refused.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};

/// The defaults, as printed by `pancake config show --defaults`.
pub(crate) const DEFAULTS: &str = include_str!("defaults.toml");

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) web: Web,
    pub(crate) log: Log,
    pub(crate) engine: Engine,
}

/// The pages and the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Web {
    pub(crate) port: u16,
}

/// The event log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) port: u16,
    pub(crate) partitions: u32,
    pub(crate) auto_create: bool,
}

/// Jobs and queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Engine {
    pub(crate) checkpoint_interval_ms: u64,
    pub(crate) query_memory_mb: u64,
}

/// Where a setting's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    Default,
    File,
    Environment,
}

/// Settings with the origin of each, by dotted name.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) home: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) origins: BTreeMap<String, Origin>,
}

impl Config {
    /// Reads all layers for a home (the given one, else the XDG data directory).
    pub(crate) fn load(home: Option<PathBuf>) -> Outcome<Self> {
        let home = home.map_or_else(default_home, Ok)?;
        let file = home.join("pancake.toml");
        let text = match fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                None
            }
            Err(e) => {
                return Err(Failure::environment(
                    "config_unreadable",
                    format!("cannot read {}: {e}", file.display()),
                ));
            }
        };
        let (settings, origins) = merge(text.as_deref().map(|t| (file.as_path(), t)), env::vars())?;
        Ok(Self { home, settings, origins })
    }
}

fn default_home() -> Outcome<PathBuf> {
    let from = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    from("XDG_DATA_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join("pancake"))
        .ok_or_else(|| {
            Failure::environment("no_home", "neither $XDG_DATA_HOME nor $HOME is set")
                .hint("say where everything is kept: `pancake --home DIR …`")
        })
}

/// Lays a file and the environment over the defaults.
fn merge(
    file: Option<(&Path, &str)>,
    environment: impl Iterator<Item = (String, String)>,
) -> Outcome<(Settings, BTreeMap<String, Origin>)> {
    let mut table: toml::Table = toml::from_str(DEFAULTS)
        .map_err(|e| Failure::bug(format!("defaults.toml does not parse: {e}")))?;
    let mut origins: BTreeMap<String, Origin> =
        names(&table).into_iter().map(|n| (n, Origin::Default)).collect();
    if let Some((path, text)) = file {
        let over: toml::Table = toml::from_str(text).map_err(|e| {
            Failure::user("config_invalid", format!("{}: {}", path.display(), e.message()))
        })?;
        for name in names(&over) {
            if !origins.contains_key(&name) {
                return Err(unknown(&path.display().to_string(), &name, origins.keys()));
            }
            if let Some(value) = get(&over, &name) {
                set(&mut table, &name, value.clone());
            }
            origins.insert(name, Origin::File);
        }
    }
    let values: BTreeMap<String, String> = environment.collect();
    for name in names(&table) {
        let variable = format!("PANCAKE_{}", name.replace('.', "_").to_uppercase());
        if let Some(text) = values.get(&variable) {
            let value = text.parse::<toml::Value>().unwrap_or_else(|_| text.clone().into());
            set(&mut table, &name, value);
            origins.insert(name, Origin::Environment);
        }
    }
    let settings = toml::Value::Table(table)
        .try_into()
        .map_err(|e: toml::de::Error| Failure::user("config_invalid", e.message().to_owned()))?;
    Ok((settings, origins))
}

/// Dotted names of all values of a table.
fn names(table: &toml::Table) -> Vec<String> {
    let mut all = Vec::new();
    for (section, values) in table {
        match values {
            toml::Value::Table(values) => {
                all.extend(values.keys().map(|key| format!("{section}.{key}")));
            }
            _ => all.push(section.clone()),
        }
    }
    all
}

fn get<'a>(table: &'a toml::Table, name: &str) -> Option<&'a toml::Value> {
    let (section, key) = name.split_once('.')?;
    table.get(section)?.get(key)
}

fn set(table: &mut toml::Table, name: &str, value: toml::Value) {
    if let Some((section, key)) = name.split_once('.')
        && let Some(values) = table.get_mut(section).and_then(toml::Value::as_table_mut)
    {
        values.insert(key.to_owned(), value);
    }
}

fn unknown<'a>(place: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Failure {
    let nearest = known
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    let failure = Failure::user("unknown_setting", format!("{place}: no setting `{name}`"));
    match nearest {
        Some(nearest) => {
            failure.hint(format!("did you mean `{nearest}`? `pancake config show` lists all"))
        }
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> std::vec::IntoIter<(String, String)> {
        let all: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        all.into_iter()
    }

    #[test]
    fn later_layers_win_and_say_so() {
        let file = (Path::new("pancake.toml"), "[web]\nport = 8000\n[log]\npartitions = 4\n");
        let (settings, origins) =
            merge(Some(file), environment(&[("PANCAKE_WEB_PORT", "9000")])).unwrap();
        assert_eq!(
            (settings.web.port, settings.log.partitions, settings.log.port),
            (9000, 4, 9092)
        );
        assert_eq!(origins.get("web.port"), Some(&Origin::Environment));
        assert_eq!(origins.get("log.partitions"), Some(&Origin::File));
        assert_eq!(origins.get("log.port"), Some(&Origin::Default));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        let file = (Path::new("pancake.toml"), "[log]\npartition = 4\n");
        let error = merge(Some(file), environment(&[])).unwrap_err();
        assert!(error.hint.unwrap().contains("log.partitions"));
    }
}
