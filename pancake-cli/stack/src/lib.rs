//! Companion services in Docker; the one crate that talks to a Docker engine.
//!
//! * The core needs none of it: no engine is an answer that says what will be missing, never a crash.
//!
//! Start reading at [`probe`].

use std::time::Duration;

use bollard::Docker;

/// Longest wait for the engine's answer, in seconds.
const ANSWER_WAIT_S: Duration = Duration::from_secs(3);

/// A Docker engine that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its version.
    pub version: String,
    /// The version of the API that both sides speak.
    pub api: String,
}

/// Why there is no engine to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nothing listens where an engine would.
    #[error("no Docker engine answers: {0}")]
    Absent(#[from] bollard::errors::Error),
    /// Something listens and does not answer.
    #[error("the Docker engine did not answer within {} s", ANSWER_WAIT_S.as_secs())]
    Silent,
}

/// Asks the machine's Docker engine who it is, and settles on an API version that it speaks.
///
/// # Errors
/// [`ProbeError::Absent`] where none is installed, started or allowed; [`ProbeError::Silent`] where it hangs.
pub async fn probe() -> Result<EngineInfo, ProbeError> {
    let ask = async {
        let docker = Docker::connect_with_defaults()?.negotiate_version().await?;
        let version = docker.version().await?;
        let api = docker.client_version().to_string();
        Ok(EngineInfo { version: version.version.unwrap_or_default(), api })
    };
    tokio::time::timeout(ANSWER_WAIT_S, ask).await.map_err(|_| ProbeError::Silent)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_says_who_it_is_or_why_not() {
        match probe().await {
            Ok(engine) => {
                assert!(!engine.version.is_empty() && engine.api.contains('.'), "{engine:?}");
            }
            Err(error) => assert!(error.to_string().contains("Docker engine"), "{error}"),
        }
    }
}
