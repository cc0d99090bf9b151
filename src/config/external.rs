//! External sources: other systems that count people and tell their counts.

use super::{Credentials, Fault, Secret};
use crate::model::{CameraId, LineId, ZoneId};

/// A system that tells its counts: gates, turnstiles, ticketing, Wi-Fi counters.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalSourcePlan {
    /// Its id, which no camera has: places are named by it as by a camera's.
    pub id: CameraId,
    /// Name shown to people.
    pub name: String,
    /// What it has not told of for longer than this reads unknown, in seconds.
    pub stale_after_s: f64,
    /// How its messages come in.
    pub access: Access,
    /// Zones in the order of their ids.
    pub zones: Vec<CountedZonePlan>,
    /// Lines in the order of their ids.
    pub lines: Vec<CountedLinePlan>,
}

/// A zone whose people another system counts.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedZonePlan {
    /// Its id.
    pub id: ZoneId,
    /// Name shown to people.
    pub name: String,
    /// Its area on the ground in m² that people can stand on; density needs it.
    pub area_m2: Option<f64>,
}

/// A line over which another system counts who comes and goes: a gate, a row of turnstiles.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedLinePlan {
    /// Its id.
    pub id: LineId,
    /// Name shown to people.
    pub name: String,
}

/// How a source's messages come in.
#[derive(Debug, Clone, PartialEq)]
pub enum Access {
    /// It sends them here, with this token.
    Http {
        /// What it shows that it may.
        token: Secret,
    },
    /// A broker has them.
    Mqtt {
        /// Host of the broker.
        host: String,
        /// Its port.
        port: u16,
        /// The topic that they are published on.
        topic: String,
        /// User and password.
        credentials: Credentials,
    },
}

impl Access {
    /// Its name in configuration and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Mqtt { .. } => "mqtt",
        }
    }
}

impl ExternalSourcePlan {
    /// The secrets that are not where the configuration says: nothing can come in without them.
    #[must_use]
    pub fn missing_secrets(&self) -> Vec<Fault> {
        match &self.access {
            Access::Http { token } => token.text().err().cloned().into_iter().collect(),
            Access::Mqtt { credentials: Credentials::Missing(faults), .. } => faults.clone(),
            Access::Mqtt { .. } => Vec::new(),
        }
    }
}
