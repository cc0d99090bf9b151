//! From when on people of a zone are a standing group, a gathering or a dispersal, and over how long a surge is told. All
//! defaults are our own choice: no standard has such figures, and a site may have better ones.

/// When people stand together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupsPlan {
    /// Whoever is slower stands, in m/s.
    pub slower_than_mps: f64,
    /// Somebody belongs to a group when they have stood for so many seconds.
    pub standing_for_s: f64,
    /// Two who are at most so far apart belong to one group, in metres.
    pub within_m: f64,
    /// So many people or more are a group.
    pub least_people: usize,
}

impl Default for GroupsPlan {
    /// Three or more who have been slower than 0.2 m/s for 10 s, each within 1.5 m of another: within the social
    /// distance of Hall (1966).
    fn default() -> Self {
        Self { slower_than_mps: 0.2, standing_for_s: 10.0, within_m: 1.5, least_people: 3 }
    }
}

/// When a standing group is a gathering.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GatheringPlan {
    /// So many people or more.
    pub least_people: usize,
    /// It has grown by so many…
    pub growth: usize,
    /// …within so many seconds,
    pub growth_window_s: f64,
    /// and has been both for so many seconds.
    pub hold_s: f64,
    /// It ends when there have been two fewer than `least_people`, or less, for so many seconds.
    pub clear_s: f64,
}

impl Default for GatheringPlan {
    /// Five people, two more than a minute ago, for 20 s; over after 10 s with three or fewer.
    fn default() -> Self {
        Self { least_people: 5, growth: 2, growth_window_s: 60.0, hold_s: 20.0, clear_s: 10.0 }
    }
}

/// When people run apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DispersalPlan {
    /// So many people or more, of whom as many walk.
    pub least_people: usize,
    /// Their mean speed is above that of so large a share of the time that is remembered of the zone.
    pub fast_share: f64,
    /// Nothing is told until so many seconds are remembered.
    pub learn_s: f64,
    /// They have been fast and have gone outwards for so many seconds.
    pub hold_s: f64,
    /// It is over when they haven't for so many seconds.
    pub clear_s: f64,
}

impl Default for DispersalPlan {
    /// Five people, faster than in 99 % of ten minutes or more, for 2 s; over after 5 s.
    fn default() -> Self {
        Self { least_people: 5, fast_share: 0.99, learn_s: 600.0, hold_s: 2.0, clear_s: 5.0 }
    }
}

/// Over how long a surge is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurgePlan {
    /// The slope is over so many seconds, and is known after a third of them.
    pub window_s: f64,
}

impl Default for SurgePlan {
    /// A minute.
    fn default() -> Self {
        Self { window_s: 60.0 }
    }
}
