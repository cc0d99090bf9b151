//! Level of service from density.

use crate::model::{LevelOfService, ZoneUse};

/// Densities in 1/m² up to which levels A, B, C, D and E reach; above the last is F.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelOfServiceTable(pub [f64; 5]);

impl LevelOfServiceTable {
    /// Walkways: Fruin 1971 (3.24, 2.32, 1.39, 0.93, 0.46 m² a person).
    pub const WALKWAY: Self = Self([0.31, 0.43, 0.72, 1.08, 2.17]);
    /// Waiting areas: the HCM's and TCQSM's table for queues (1.21, 0.90, 0.70, 0.30, 0.20 m² a person).
    pub const WAITING: Self = Self([0.83, 1.11, 1.43, 3.33, 5.0]);

    /// The table for zones of this use.
    #[must_use]
    pub fn of(zone_use: ZoneUse) -> Self {
        match zone_use {
            ZoneUse::Walkway => Self::WALKWAY,
            ZoneUse::Waiting => Self::WAITING,
        }
    }

    /// The level at this density. It follows density and not flow, as flow falls again where it gets too dense.
    #[must_use]
    pub fn level(&self, density_per_m2: f64) -> LevelOfService {
        let worse = self.0.iter().filter(|&&limit| density_per_m2 > limit).count();
        LevelOfService::ALL[worse]
    }
}

/// A zone's level over time, without flicker: it gets worse at once, and better only when the density has fallen below
/// 90 % of the better level's limit (our own choice; no standard has one).
#[derive(Debug, Clone)]
pub struct LevelOfServiceWatch {
    table: LevelOfServiceTable,
    level: Option<LevelOfService>,
}

const BETTER_BELOW: f64 = 0.9;

impl LevelOfServiceWatch {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new(table: LevelOfServiceTable) -> Self {
        Self { table, level: None }
    }

    /// The level after this density.
    pub fn step(&mut self, density_per_m2: f64) -> LevelOfService {
        let now = self.table.level(density_per_m2);
        let level = match self.level {
            Some(before) if now < before => self.table.level(density_per_m2 / BETTER_BELOW).min(before),
            _ => now,
        };
        self.level = Some(level);
        level
    }

    /// Forgets what was: after a gap the next density decides alone.
    pub fn reset(&mut self) {
        self.level = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_belong_to_the_better_level() {
        use LevelOfService::{A, B, D, E, F};
        for (density, walkway, waiting) in
            [(0.0, A, A), (0.31, A, A), (0.32, B, A), (1.08, D, B), (2.17, E, D), (2.18, F, D), (5.01, F, F)]
        {
            assert_eq!(LevelOfServiceTable::of(ZoneUse::Walkway).level(density), walkway, "{density}");
            assert_eq!(LevelOfServiceTable::of(ZoneUse::Waiting).level(density), waiting, "{density}");
        }
    }

    #[test]
    fn it_gets_worse_at_once_and_better_below_nine_tenths() {
        use LevelOfService::{A, C, D};
        let mut watch = LevelOfServiceWatch::new(LevelOfServiceTable::WALKWAY);
        let levels = [0.71, 0.73, 0.71, 0.66, 0.64, 0.2].map(|density| watch.step(density));
        assert_eq!(levels, [C, D, D, D, C, A]);
        watch.step(0.73);
        watch.reset();
        assert_eq!(watch.step(0.71), C);
    }
}
