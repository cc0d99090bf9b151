//! Samples out of a store.

use std::collections::BTreeMap;

use tokio::runtime::Handle;

use super::{Period, Samples};
use crate::model::{Measure, Place, Reading, Timestamp};
use crate::store::{PlaceId, PlaceKey, Store, StoreError};

/// Samples of a store, read a part at a time.
#[derive(Debug)]
pub struct StoredSamples {
    store: Store,
    runtime: Handle,
    places: BTreeMap<PlaceKey, PlaceId>,
}

impl StoredSamples {
    /// All that this store has. The runtime has to be one of several threads, and none of them may read samples.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn open(store: Store, runtime: Handle) -> Result<Self, StoreError> {
        let places = store.places().await?.into_iter().map(|place| (place.key, place.id)).collect();
        Ok(Self { store, runtime, places })
    }

    /// Every place that the store knows, by its key.
    pub fn places(&self) -> impl Iterator<Item = &PlaceKey> {
        self.places.keys()
    }
}

impl Samples for StoredSamples {
    type Error = StoreError;

    fn series(&self, place: &Place, measure: Measure, part: Period) -> Result<Vec<(Timestamp, Reading)>, StoreError> {
        let Some(&id) = self.places.get(&PlaceKey::of(place)) else { return Ok(Vec::new()) };
        self.runtime.block_on(self.store.series(id, measure, (part.from, part.to)))
    }
}
