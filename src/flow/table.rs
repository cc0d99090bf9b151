//! What a counter remembers of each track.

use crate::model::TrackId;

/// A map from track to `T`, sorted by track. Trackers give their tracks in the same order frame after frame, mostly by
/// number: so the next one asked for is looked for first behind the last one that was found, and a step over all
/// tracks searches next to nothing. Sorted, so that going over all of them has one order.
#[derive(Debug, Clone)]
pub(super) struct TrackTable<T> {
    tracks: Vec<TrackId>,
    values: Vec<T>,
    next: usize,
}

impl<T> TrackTable<T> {
    pub(super) fn new() -> Self {
        Self { tracks: Vec::new(), values: Vec::new(), next: 0 }
    }

    /// What is remembered of the track, beginning with `first` where it is new.
    pub(super) fn get_or_insert_with(&mut self, track: TrackId, first: impl FnOnce() -> T) -> &mut T {
        let at = match self.tracks.get(self.next) {
            Some(&found) if found == track => self.next,
            _ => self.tracks.binary_search(&track).unwrap_or_else(|at| {
                self.tracks.insert(at, track);
                self.values.insert(at, first());
                at
            }),
        };
        self.next = at + 1;
        &mut self.values[at]
    }

    /// Forgets the track.
    pub(super) fn remove(&mut self, track: TrackId) -> Option<T> {
        let at = self.tracks.binary_search(&track).ok()?;
        self.tracks.remove(at);
        Some(self.values.remove(at))
    }

    /// Forgets all.
    pub(super) fn take_values(&mut self) -> Vec<T> {
        self.tracks.clear();
        std::mem::take(&mut self.values)
    }

    /// What is remembered, in the order of the tracks.
    #[cfg(test)]
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    /// Whether anything is remembered of the track.
    #[cfg(test)]
    pub(super) fn contains(&self, track: TrackId) -> bool {
        self.tracks.binary_search(&track).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_map(steps in prop::collection::vec((0u64..20, 0u8..10), 1..200)) {
            let mut table = TrackTable::new();
            let mut map = BTreeMap::new();
            for (i, (track, action)) in steps.into_iter().enumerate() {
                let track = TrackId(track);
                match action {
                    0 => prop_assert_eq!(table.take_values(), std::mem::take(&mut map).into_values().collect::<Vec<_>>()),
                    1 | 2 => prop_assert_eq!(table.remove(track), map.remove(&track)),
                    _ => prop_assert_eq!(table.get_or_insert_with(track, || i), map.entry(track).or_insert(i)),
                }
                prop_assert_eq!(table.values(), map.values().copied().collect::<Vec<_>>());
                prop_assert_eq!(table.contains(track), map.contains_key(&track));
            }
        }
    }
}
