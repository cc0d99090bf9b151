//! What lasts: alerts and all that was done about them, deliveries still to be made, zone samples and their roll-ups,
//! crossings, camera health, versions of the configuration, records of evidence, and who may use the service. In SQLite by default, in
//! PostgreSQL by address; what is promised, and why it holds, stands in `docs/store.md`.
//!
//! - A transition of an alert, the rule's state and the deliveries it calls for are one transaction:
//!   [`Store::commit`]. What it has confirmed survives a crash of the program and of the machine.
//! - Every write may be repeated after an error: what had been committed already is not written twice.
//! - Times come with what is written; nothing here reads a clock.
//! - Rows have types of their own. What is stored outlives a version of the program, so that no inner type's shape
//!   leaks into a table.

mod address;
mod alert_queries;
mod alerts;
mod api_tokens;
mod audit;
mod camera_health;
mod code;
mod config_versions;
mod encoding;
mod error;
mod evidence;
mod footfall;
mod hold;
mod measures;
mod outbox;
mod place;
mod retention;
mod rollup;
mod samples;
mod schema;
mod sessions;
mod sql;
mod upkeep;
mod users;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

pub use crate::config::Retention;
pub use address::StoreAddress;
pub use alert_queries::{AlertFilter, AlertHistory};
pub use alerts::{ActionRow, AlertCommit, AlertRow, Committed, PlanStepRow, RuleStateRow, Shelving, TransitionRow};
pub use api_tokens::{ApiTokenRow, NewApiToken};
pub use audit::AuditRow;
pub use camera_health::CameraHealthRow;
pub use config_versions::ConfigVersionRow;
pub use error::{StoreError, StoreErrorKind};
pub use evidence::{EvidenceRow, NewEvidence};
pub use hold::Hold;
pub use outbox::{Delivery, DeliveryRow, DeliveryState, NewDelivery, OutboxCount, Settled};
pub use place::{PlaceId, PlaceKey, StoredPlace};
pub use retention::Removed;
pub use rollup::{MINUTE_MEASURES, Period, RolledUp, RollupRow, RollupValues};
pub use samples::{CrossingRow, Sample, Written};
pub use sessions::{NewSession, SessionRow};
pub use upkeep::StoreStatus;
pub use users::{FirstAdmin, UserChange, UserChanged, UserRow};

use crate::model::Timestamp;

/// An open store; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: sql::Database,
    measures: measures::Measures,
    places: RwLock<HashMap<PlaceKey, PlaceId>>,
}

impl Store {
    /// Opens the store, makes it where there is none, and brings its tables up to date. A PostgreSQL database has to be
    /// there; its tables are made.
    ///
    /// # Errors
    /// Where it can't be opened, or its tables are of a newer version than this program knows.
    pub async fn open(address: &StoreAddress, at: Timestamp) -> Result<Self, StoreError> {
        let database = sql::Database::open(address, true).await?;
        schema::migrate(&database, at).await?;
        Self::of(database, true).await
    }

    /// Opens a store that is there, and changes nothing.
    ///
    /// # Errors
    /// Where it can't be opened, is not there, or its tables are of another version than this program's.
    pub async fn open_existing(address: &StoreAddress) -> Result<Self, StoreError> {
        let database = sql::Database::open(address, false).await?;
        schema::check(&database).await?;
        Self::of(database, false).await
    }

    async fn of(database: sql::Database, number_measures: bool) -> Result<Self, StoreError> {
        let measures = measures::Measures::open(&database, number_measures).await?;
        Ok(Self { inner: Arc::new(Inner { database, measures, places: RwLock::default() }) })
    }

    /// Ends all connections, after what is being written. Not needed for what is committed to last.
    pub async fn close(&self) {
        self.inner.database.close().await;
    }

    /// The store's address as it may be shown.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.inner.database.address
    }

    fn database(&self) -> &sql::Database {
        &self.inner.database
    }

    fn measures(&self) -> &measures::Measures {
        &self.inner.measures
    }

    fn known_place(&self, key: &PlaceKey) -> Option<PlaceId> {
        self.inner.places.read().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn remember_place(&self, key: &PlaceKey, id: PlaceId) {
        self.inner.places.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), id);
    }
}
