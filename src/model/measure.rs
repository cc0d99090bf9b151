//! Every measure that the product knows, by name: what a rule may look at, what is a metric and what is a column.

use super::{Direction, Level, Reading, UnknownReason};

/// What a measure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A zone.
    Zone,
    /// A line.
    Line,
    /// A whole camera.
    Camera,
    /// Several zones as one.
    Site,
    /// Where alerts are sent.
    Destination,
}

impl Scope {
    /// Its name in configuration and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Line => "line",
            Self::Camera => "camera",
            Self::Site => "site",
            Self::Destination => "destination",
        }
    }
}

/// Which way a measure gets worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Worse {
    /// The more, the worse: a level is raised at or above its value.
    High,
    /// The less, the worse: a level is raised at or below its value.
    Low,
    /// The further from 0, either way, the worse: a level is raised where the size is at or above its value.
    AwayFromZero,
}

/// What has to be known for a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing but pictures.
    Pictures,
    /// The zone's area on the ground.
    Area,
    /// The line's width on the ground.
    Width,
    /// The camera's calibration.
    Calibration,
    /// The calibration, and the direction in which people are to walk there.
    AllowedDirection,
    /// The lines that enclose the zone.
    EnclosingLines,
    /// A density-map model as second opinion.
    DensityMap,
    /// The site's published capacity.
    Capacity,
}

/// What there is to know about a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasureFacts {
    /// Its name in configuration, alerts and the API.
    pub name: &'static str,
    /// What it is of.
    pub scopes: &'static [Scope],
    /// Its column in `zones.csv` or `lines.csv`: the name with its unit.
    pub column: &'static str,
    /// Its metric behind `crowdflow_zone_`, `crowdflow_line_` or `crowdflow_camera_`.
    pub metric: &'static str,
    /// A label of its metric besides the place, where several measures share one.
    pub label: Option<(&'static str, &'static str)>,
    /// Its unit behind a number, with a blank before it; empty where it has none.
    pub unit: &'static str,
    /// Which way it gets worse.
    pub worse: Worse,
    /// The largest threshold that makes sense: a slip such as 35 for 3.5 would give a rule that never alerts.
    pub most: f64,
    /// The least and the greatest value that it can read: an alert that is left only beyond them never ends.
    pub reads: [f64; 2],
    /// What has to be known for it in a zone or camera, or where it is of lines only, at a line.
    pub needs: Needs,
    /// One sentence for people; its definition stands where it is computed.
    pub help: &'static str,
}

macro_rules! measures {
    ($($(#[$doc:meta])* $name:ident = $facts:expr;)*) => {
        /// A measure of a zone, line or camera. Zone measures are of class person.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Measure {
            $($(#[$doc])* $name,)*
        }

        impl Measure {
            /// All of them, in the order of columns.
            pub const ALL: [Self; COUNT] = [$(Self::$name,)*];
        }

        const COUNT: usize = [$(stringify!($name),)*].len();
        const FACTS: [MeasureFacts; COUNT] = [$($facts,)*];
    };
}

const ZONE: &[Scope] = &[Scope::Zone];
const LINE: &[Scope] = &[Scope::Line];
const PLACES: &[Scope] = &[Scope::Zone, Scope::Line];
const CAMERA: &[Scope] = &[Scope::Camera];
const ZONE_AND_CAMERA: &[Scope] = &[Scope::Zone, Scope::Camera];
const ZONE_AND_SITE: &[Scope] = &[Scope::Zone, Scope::Site];
const LINE_AND_SITE: &[Scope] = &[Scope::Line, Scope::Site];
const SITE: &[Scope] = &[Scope::Site];
const DESTINATION: &[Scope] = &[Scope::Destination];

/// A measure of zones, without unit, from 0 to 1, for calibrated cameras, the more the worse: what most have in common.
const SHARE: MeasureFacts = MeasureFacts {
    name: "",
    scopes: ZONE,
    column: "",
    metric: "",
    label: None,
    unit: "",
    worse: Worse::High,
    most: 1.0,
    reads: [0.0, 1.0],
    needs: Needs::Calibration,
    help: "",
};

/// What is never below 0 and has no greatest value.
const FROM_ZERO: [f64; 2] = [0.0, f64::INFINITY];
const ANY: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// Nothing is said of what takes longer than this to reach a level, in seconds: no crowd keeps its rate for half an hour.
pub const FORECAST_HORIZON_S: f64 = 1800.0;

/// A forecast's names and help: its likely time, or an end of its interval.
const fn time_to(
    (name, column): (&'static str, &'static str),
    metric: &'static str,
    level: &'static str,
    help: &'static str,
) -> MeasureFacts {
    MeasureFacts {
        name,
        column,
        metric,
        label: Some(("level", level)),
        unit: " seconds",
        worse: Worse::Low,
        most: FORECAST_HORIZON_S,
        reads: [0.0, FORECAST_HORIZON_S],
        needs: Needs::Area,
        help,
        ..SHARE
    }
}

measures! {
    /// People in the zone.
    Occupancy = MeasureFacts {
        name: "occupancy", scopes: ZONE_AND_SITE, column: "occupancy", metric: "occupancy", unit: " people", most: 100_000.0,
        needs: Needs::Pictures, reads: FROM_ZERO, help: "People in the zone.", ..SHARE
    };
    /// People per m²: occupancy over area.
    Density = MeasureFacts {
        name: "density", scopes: ZONE_AND_SITE, column: "density_per_m2", metric: "density_per_square_metre", unit: " people per m²",
        // Bodies have no room beyond that.
        most: 12.0, needs: Needs::Area, reads: FROM_ZERO, help: "People per square metre of the zone.", ..SHARE
    };
    /// Voronoi density.
    VoronoiDensity = MeasureFacts {
        name: "voronoi_density", column: "voronoi_per_m2", metric: "voronoi_density_per_square_metre",
        unit: " people per m²", most: 12.0,
        reads: FROM_ZERO, help: "People per square metre of the zone by their Voronoi cells.", ..SHARE
    };
    /// Mean speed in m/s.
    Speed = MeasureFacts {
        name: "speed", scopes: ZONE_AND_CAMERA, column: "speed_mps", metric: "speed_metres_per_second", unit: " m/s", worse: Worse::Low,
        most: 10.0, reads: FROM_ZERO, help: "Mean speed of the people.", ..SHARE
    };
    /// Share of people who stand.
    StandingShare = MeasureFacts {
        name: "standing_share", scopes: ZONE_AND_CAMERA, column: "standing_share", metric: "standing_ratio",
        help: "Share of the people who stand, 0 to 1.", ..SHARE
    };
    /// Level of service as a number, 1 (A) to 6 (F).
    LevelOfService = MeasureFacts {
        name: "level_of_service", scopes: ZONE_AND_SITE, column: "level_of_service", metric: "level_of_service", most: 6.0,
        reads: [1.0, 6.0], help: "Level of service by density: 1 is A, 6 is F.", ..SHARE
    };
    /// Greatest local density.
    LocalDensity = MeasureFacts {
        name: "local_density", scopes: ZONE_AND_SITE, column: "local_density_per_m2", metric: "local_density_per_square_metre",
        unit: " people per m²", most: 12.0,
        reads: FROM_ZERO, help: "Greatest density at any place of the zone, Gaussian-weighted within about a metre.", ..SHARE
    };
    /// Measured speed over the one expected at this density.
    SpeedRatio = MeasureFacts {
        name: "speed_deficit", column: "speed_deficit", metric: "speed_deficit_ratio", worse: Worse::Low, most: 10.0,
        reads: FROM_ZERO, help: "Mean speed over the speed expected at this density (Weidmann): far below 1 where something is in the way.",
        ..SHARE
    };
    /// Stop-and-go index.
    StopAndGo = MeasureFacts {
        name: "stop_and_go", column: "stop_and_go", metric: "stop_and_go_index", most: 10.0,
        reads: FROM_ZERO, help: "Standard deviation over mean of the zone's speed in the last minute.", ..SHARE
    };
    /// Autocorrelation peak of the zone's velocity.
    Oscillation = MeasureFacts {
        name: "oscillation", column: "oscillation", metric: "oscillation_ratio",
        help: "Highest autocorrelation of the zone's velocity at 5 to 30 s, while it is dense.", ..SHARE
    };
    /// Crowd pressure.
    Pressure = MeasureFacts {
        name: "pressure", column: "pressure_per_s2", metric: "pressure_per_square_second", unit: " per s²", most: 1.0,
        reads: FROM_ZERO, help: "Greatest crowd pressure in the zone, corrected for noise; only where it is dense.", ..SHARE
    };
    /// Turbulence: 1 while it is on.
    Turbulence = MeasureFacts {
        name: "turbulence", column: "turbulence", metric: "turbulence",
        help: "1 while the pressure has been critical in a dense crowd for 10 s.", ..SHARE
    };
    /// Counter-flow ratio.
    CounterFlow = MeasureFacts {
        name: "counter_flow", scopes: PLACES, column: "counter_flow", metric: "counter_flow_ratio", most: 0.5,
        reads: [0.0, 0.5], help: "Share of the weaker of two opposite flows: 0 all go one way, 0.5 as many come as go.", ..SHARE
    };
    /// Polar order.
    PolarOrder = MeasureFacts {
        name: "polar_order", scopes: ZONE_AND_CAMERA, column: "polar_order", metric: "polar_order_ratio", worse: Worse::Low,
        help: "1 where all walk one way, near 0 where directions cancel out.", ..SHARE
    };
    /// Direction entropy.
    DirectionEntropy = MeasureFacts {
        name: "direction_entropy", scopes: ZONE_AND_CAMERA, column: "direction_entropy", metric: "direction_entropy_ratio",
        help: "Entropy of walking directions: 0 all one way, 1 every way alike.", ..SHARE
    };
    /// Share of people who walk against the allowed direction.
    WrongWay = MeasureFacts {
        name: "wrong_way_share", scopes: PLACES, column: "wrong_way_share", metric: "wrong_way_ratio",
        needs: Needs::AllowedDirection, help: "Share of people who walk against the allowed direction.", ..SHARE
    };
    /// Mean length of the stays that ended lately.
    MeanDwell = MeasureFacts {
        name: "mean_dwell", column: "mean_dwell_s", metric: "mean_dwell_seconds", unit: " seconds", most: 86_400.0,
        needs: Needs::Pictures, reads: FROM_ZERO, help: "Mean length of the stays that ended in the last 15 minutes.", ..SHARE
    };
    /// Median length of the stays that ended lately.
    MedianDwell = MeasureFacts {
        name: "median_dwell", column: "median_dwell_s", metric: "median_dwell_seconds", unit: " seconds",
        most: 86_400.0, needs: Needs::Pictures,
        reads: FROM_ZERO, help: "Median length of the stays that ended in the last 15 minutes.", ..SHARE
    };
    /// 90th percentile of the length of the stays that ended lately.
    P90Dwell = MeasureFacts {
        name: "p90_dwell", column: "p90_dwell_s", metric: "p90_dwell_seconds", unit: " seconds", most: 86_400.0,
        needs: Needs::Pictures,
        reads: FROM_ZERO, help: "90th percentile of the length of the stays that ended in the last 15 minutes.", ..SHARE
    };
    /// Longest present stay.
    LongestDwell = MeasureFacts {
        name: "longest_dwell", column: "longest_dwell_s", metric: "longest_stay_seconds", unit: " seconds",
        most: 86_400.0, needs: Needs::Pictures, reads: FROM_ZERO, help: "Longest stay of the people who are in the zone now.", ..SHARE
    };
    /// People who have been here longer than the zone's limit.
    Loitering = MeasureFacts {
        name: "loitering", column: "loitering", metric: "loitering", unit: " people", most: 100_000.0,
        needs: Needs::Pictures, reads: FROM_ZERO, help: "People who have been in the zone for longer than its limit.", ..SHARE
    };
    /// Standing groups.
    StandingGroups = MeasureFacts {
        name: "standing_groups", column: "standing_groups", metric: "standing_groups", unit: " groups", most: 10_000.0,
        reads: FROM_ZERO, help: "Groups of three or more who stand close together.", ..SHARE
    };
    /// People in the largest standing group.
    LargestStandingGroup = MeasureFacts {
        name: "largest_standing_group", column: "largest_standing_group", metric: "largest_standing_group",
        unit: " people", most: 100_000.0, reads: FROM_ZERO, help: "People in the largest group who stand close together.", ..SHARE
    };
    /// Gathering: 1 while it is on.
    Gathering = MeasureFacts {
        name: "gathering", column: "gathering", metric: "gathering",
        help: "1 while a standing group has formed and grown.", ..SHARE
    };
    /// Dispersal: 1 while it is on.
    Dispersal = MeasureFacts {
        name: "dispersal", column: "dispersal", metric: "dispersal",
        help: "1 while people run apart: faster than this place's 99th percentile, outwards.", ..SHARE
    };
    /// How fast occupancy rises, in people a minute.
    Surge = MeasureFacts {
        name: "surge", column: "surge_per_min", metric: "surge_people_per_minute", unit: " people a minute",
        most: 100_000.0, needs: Needs::Pictures, reads: ANY, help: "How fast the zone's occupancy rises; negative where it falls.",
        ..SHARE
    };
    /// Net fill rate over the enclosing lines, in people a minute and m².
    FillRate = MeasureFacts {
        name: "fill_rate", column: "fill_rate_per_m2_min", metric: "fill_rate_per_square_metre_minute",
        unit: " people per m² and minute", most: 100.0, needs: Needs::EnclosingLines,
        reads: ANY, help: "People in less people out over the enclosing lines, per square metre and minute.", ..SHARE
    };
    /// Drift of the flow balance, in people; as wrong below 0 as above.
    BalanceDrift = MeasureFacts {
        name: "balance_drift", column: "balance_drift", metric: "balance_drift_people", unit: " people",
        most: 100_000.0, worse: Worse::AwayFromZero, needs: Needs::EnclosingLines,
        reads: ANY, help: "Occupancy by the enclosing lines less occupancy counted: how far the counts have drifted apart.", ..SHARE
    };
    /// Disagreement of the second opinion.
    CountDisagreement = MeasureFacts {
        name: "count_disagreement", column: "count_disagreement", metric: "count_disagreement_ratio",
        worse: Worse::AwayFromZero, needs: Needs::DensityMap,
        reads: [-1.0, 1.0], help: "How far the density map's count is above the boxes' (negative: below), as a share of the larger one.",
        ..SHARE
    };
    /// Seconds until the density is blue, if it goes on like this.
    TimeToBlue = time_to(
        ("time_to_blue", "time_to_blue_s"), "time_to_threshold_seconds", "blue",
        "Seconds until the zone's density reaches the level, if it goes on like this; 1800: not within half an hour.",
    );
    /// Seconds until the density is yellow, if it goes on like this.
    TimeToYellow = time_to(
        ("time_to_yellow", "time_to_yellow_s"), "time_to_threshold_seconds", "yellow",
        "Seconds until the zone's density reaches the level, if it goes on like this; 1800: not within half an hour.",
    );
    /// Seconds until the density is orange, if it goes on like this.
    TimeToOrange = time_to(
        ("time_to_orange", "time_to_orange_s"), "time_to_threshold_seconds", "orange",
        "Seconds until the zone's density reaches the level, if it goes on like this; 1800: not within half an hour.",
    );
    /// Seconds until the density is red, if it goes on like this.
    TimeToRed = time_to(
        ("time_to_red", "time_to_red_s"), "time_to_threshold_seconds", "red",
        "Seconds until the zone's density reaches the level, if it goes on like this; 1800: not within half an hour.",
    );
    /// Seconds until the density is blue, at the earliest (80 % interval).
    EarliestTimeToBlue = time_to(
        ("earliest_time_to_blue", "earliest_time_to_blue_s"), "time_to_threshold_earliest_seconds", "blue",
        "Seconds until the zone's density reaches the level, at the earliest (80 % interval); 1800: not within half an hour.",
    );
    /// Seconds until the density is yellow, at the earliest (80 % interval).
    EarliestTimeToYellow = time_to(
        ("earliest_time_to_yellow", "earliest_time_to_yellow_s"), "time_to_threshold_earliest_seconds", "yellow",
        "Seconds until the zone's density reaches the level, at the earliest (80 % interval); 1800: not within half an hour.",
    );
    /// Seconds until the density is orange, at the earliest (80 % interval).
    EarliestTimeToOrange = time_to(
        ("earliest_time_to_orange", "earliest_time_to_orange_s"), "time_to_threshold_earliest_seconds", "orange",
        "Seconds until the zone's density reaches the level, at the earliest (80 % interval); 1800: not within half an hour.",
    );
    /// Seconds until the density is red, at the earliest (80 % interval).
    EarliestTimeToRed = time_to(
        ("earliest_time_to_red", "earliest_time_to_red_s"), "time_to_threshold_earliest_seconds", "red",
        "Seconds until the zone's density reaches the level, at the earliest (80 % interval); 1800: not within half an hour.",
    );
    /// Seconds until the density is blue, at the latest (80 % interval).
    LatestTimeToBlue = time_to(
        ("latest_time_to_blue", "latest_time_to_blue_s"), "time_to_threshold_latest_seconds", "blue",
        "Seconds until the zone's density reaches the level, at the latest (80 % interval); 1800: perhaps never.",
    );
    /// Seconds until the density is yellow, at the latest (80 % interval).
    LatestTimeToYellow = time_to(
        ("latest_time_to_yellow", "latest_time_to_yellow_s"), "time_to_threshold_latest_seconds", "yellow",
        "Seconds until the zone's density reaches the level, at the latest (80 % interval); 1800: perhaps never.",
    );
    /// Seconds until the density is orange, at the latest (80 % interval).
    LatestTimeToOrange = time_to(
        ("latest_time_to_orange", "latest_time_to_orange_s"), "time_to_threshold_latest_seconds", "orange",
        "Seconds until the zone's density reaches the level, at the latest (80 % interval); 1800: perhaps never.",
    );
    /// Seconds until the density is red, at the latest (80 % interval).
    LatestTimeToRed = time_to(
        ("latest_time_to_red", "latest_time_to_red_s"), "time_to_threshold_latest_seconds", "red",
        "Seconds until the zone's density reaches the level, at the latest (80 % interval); 1800: perhaps never.",
    );
    /// People a minute to the left of the line.
    FlowIn = MeasureFacts {
        name: "flow_in", scopes: LINE_AND_SITE, column: "flow_in_per_min", metric: "flow_people_per_minute",
        label: Some(("direction", "in")), unit: " people a minute", most: 100_000.0, needs: Needs::Pictures,
        reads: FROM_ZERO, help: "People a minute over the line, over the last minute.", ..SHARE
    };
    /// People a minute to the right of the line.
    FlowOut = MeasureFacts {
        name: "flow_out", scopes: LINE_AND_SITE, column: "flow_out_per_min", metric: "flow_people_per_minute",
        label: Some(("direction", "out")), unit: " people a minute", most: 100_000.0, needs: Needs::Pictures,
        reads: FROM_ZERO, help: "People a minute over the line, over the last minute.", ..SHARE
    };
    /// Specific flow to the left of the line.
    SpecificFlowIn = MeasureFacts {
        name: "specific_flow_in", scopes: LINE, column: "specific_flow_in_per_m_s",
        metric: "specific_flow_per_metre_second", label: Some(("direction", "in")), unit: " people per m and s",
        most: 10.0, needs: Needs::Width, reads: FROM_ZERO,
        help: "People per second and metre of the line's width over the last minute.", ..SHARE
    };
    /// Specific flow to the right of the line.
    SpecificFlowOut = MeasureFacts {
        name: "specific_flow_out", scopes: LINE, column: "specific_flow_out_per_m_s",
        metric: "specific_flow_per_metre_second", label: Some(("direction", "out")), unit: " people per m and s",
        most: 10.0, needs: Needs::Width, reads: FROM_ZERO,
        help: "People per second and metre of the line's width over the last minute.", ..SHARE
    };
    /// Flow over the line's capacity.
    CapacityRatio = MeasureFacts {
        name: "capacity_ratio", scopes: LINE, column: "capacity_ratio", metric: "capacity_ratio", most: 5.0,
        needs: Needs::Width, reads: FROM_ZERO,
        help: "Flow both ways over the capacity of a level walkway of the line's width, 82 people a minute and metre.",
        ..SHARE
    };
    /// People in the whole picture.
    People = MeasureFacts {
        name: "people", scopes: CAMERA, column: "people", metric: "people", unit: " people", most: 100_000.0,
        needs: Needs::Pictures, reads: FROM_ZERO, help: "People counted in the whole picture.", ..SHARE
    };
    /// Seconds without a picture.
    Blind = MeasureFacts {
        name: "blind", scopes: CAMERA, column: "blind_s", metric: "blind_seconds", unit: " seconds", most: 86_400.0,
        needs: Needs::Pictures, reads: FROM_ZERO, help: "Seconds since the newest picture that was analysed; known while the camera is down too.",
        ..SHARE
    };
    /// Occupancy over the published capacity.
    ShareOfCapacity = MeasureFacts {
        name: "share_of_capacity", scopes: SITE, column: "share_of_capacity", metric: "capacity_share_ratio", most: 10.0,
        needs: Needs::Capacity, reads: FROM_ZERO, help: "People in the site over its published capacity.", ..SHARE
    };
    /// How many may still enter a minute.
    AdmissibleFlow = MeasureFacts {
        name: "admissible_flow", scopes: SITE, column: "admissible_flow_per_min",
        metric: "admissible_people_per_minute", unit: " people a minute", worse: Worse::Low, most: 100_000.0,
        needs: Needs::Capacity, reads: FROM_ZERO,
        help: "People who may still enter a minute so that the capacity is reached no sooner than in ten minutes.",
        ..SHARE
    };
    /// Messages that were given up.
    Undelivered = MeasureFacts {
        name: "undelivered", scopes: DESTINATION, column: "undelivered", metric: "undelivered_messages", unit: " messages",
        most: 1_000_000.0, needs: Needs::Pictures, reads: FROM_ZERO,
        help: "Messages to a destination that were given up since it last took one.", ..SHARE
    };
}

impl Measure {
    /// What there is to know about it.
    #[must_use]
    pub fn facts(self) -> &'static MeasureFacts {
        // One entry for each variant, in the same order: the macro makes both lists from one.
        &FACTS[self as usize]
    }

    /// What has to be known for it at such a place. Crossings of a line need no metres.
    #[must_use]
    pub fn needs(self, scope: Scope) -> Needs {
        match (self, scope) {
            (Self::CounterFlow, Scope::Line) => Needs::Pictures,
            _ => self.facts().needs,
        }
    }

    /// Its name in configuration, files and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// Whether it is a measure of this.
    #[must_use]
    pub fn is_of(self, scope: Scope) -> bool {
        self.facts().scopes.contains(&scope)
    }

    /// The measures of this, in the order of columns.
    pub fn of(scope: Scope) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |measure| measure.is_of(scope))
    }

    /// The likely, earliest and latest time to this level's threshold.
    #[must_use]
    pub fn times_to(level: Level) -> [Self; 3] {
        match level {
            Level::Blue => [Self::TimeToBlue, Self::EarliestTimeToBlue, Self::LatestTimeToBlue],
            Level::Yellow => [Self::TimeToYellow, Self::EarliestTimeToYellow, Self::LatestTimeToYellow],
            Level::Orange => [Self::TimeToOrange, Self::EarliestTimeToOrange, Self::LatestTimeToOrange],
            Level::Red => [Self::TimeToRed, Self::EarliestTimeToRed, Self::LatestTimeToRed],
        }
    }

    /// What is known of it at such a place where people were missed. Missed are people, not what those who are seen do:
    /// whatever is a mean or a share of the people in a zone or picture (speed, directions, dwell) stays as it is, as
    /// being of those who are seen. Of the others:
    ///
    /// - **Numbers and maxima of people** (counts, densities, the longest stay, the largest group) and **flows** over a
    ///   line: at least.
    /// - **Pressure** is density times the variance of velocity: the density is at least, the variance, like the speed, is
    ///   that of those who are seen. At least; unknown would leave nothing of it, as pressure is told from 3 people/m² on
    ///   and a count by boxes is a lower bound from 2 on.
    /// - **Speed ratio**: the speed expected falls with density, and the density is at least. At least.
    /// - **Turbulence, gathering, dispersal**: "no" is at least no; a "yes" needs no more people than were seen, and stays.
    /// - **Standing groups**: one who is missed may join two groups into one, or make a third of two people; that there is
    ///   a group at all is sure where one is seen. At least 1, or at least 0.
    /// - **Rates of change** (surge, fill rate): a count that has stopped rising may be one that can't rise, and one that
    ///   rises may be people who come out from behind others. Unknown.
    /// - **Balance drift** is the balance of the lines less the occupancy, which is at least. At most.
    /// - **Time to a level**: at most; where it was "not within half an hour", unknown, for the same reason as a surge.
    /// - **Shares of a line's flow** (counter-flow, wrong way): the nearer of two streams hides the other, so that who is
    ///   missed is no matter of chance. Unknown. In a zone they stay, of those who are seen, though the same holds there:
    ///   two streams that press against each other are what such a rule is for, and it would never tell of a dense crowd.
    #[must_use]
    pub fn where_people_are_missed(self, scope: Scope, reading: Reading) -> Reading {
        let Reading::Valid(value) = reading else {
            let is_no_time = self.is_time_to_level() && matches!(reading, Reading::AtLeast(_));
            // A place where there seemed to be nothing to measure is not known to be calm.
            return if is_no_time { Reading::Unknown(UnknownReason::PeopleMissed) } else { reading.unless_calm() };
        };
        match self {
            Self::Occupancy
            | Self::Density
            | Self::VoronoiDensity
            | Self::LocalDensity
            | Self::LevelOfService
            | Self::SpeedRatio
            | Self::Pressure
            | Self::LongestDwell
            | Self::Loitering
            | Self::LargestStandingGroup
            | Self::FlowIn
            | Self::FlowOut
            | Self::SpecificFlowIn
            | Self::SpecificFlowOut
            | Self::CapacityRatio
            | Self::People => Reading::AtLeast(value),
            Self::Turbulence | Self::Gathering | Self::Dispersal if value < 1.0 => Reading::AtLeast(value),
            Self::StandingGroups => Reading::AtLeast(value.min(1.0)),
            Self::Surge | Self::FillRate => Reading::Unknown(UnknownReason::PeopleMissed),
            Self::CounterFlow | Self::WrongWay if scope == Scope::Line => Reading::Unknown(UnknownReason::PeopleMissed),
            Self::BalanceDrift => Reading::AtMost(value),
            _ if self.is_time_to_level() => Reading::AtMost(value),
            _ => reading,
        }
    }

    /// Whether a reading of it at such a place may be a lower bound, and whether an upper one.
    #[must_use]
    pub fn may_be_bound(self, scope: Scope) -> (bool, bool) {
        if scope == Scope::Site {
            // A site is a sum over zones, some of which may be unknown.
            return (self != Self::AdmissibleFlow, self == Self::AdmissibleFlow);
        }
        // Of what is yes or no, only a "no" becomes a bound.
        let bound = self.where_people_are_missed(scope, Reading::Valid(0.0));
        let is_lower = matches!(bound, Reading::AtLeast(_)) || self.is_time_to_level() || self == Self::Surge;
        (is_lower, matches!(bound, Reading::AtMost(_)))
    }

    /// Whether it is the likely, earliest or latest time to a level.
    fn is_time_to_level(self) -> bool {
        self.facts().metric.starts_with("time_to_threshold")
    }

    /// The flow of people in this direction.
    #[must_use]
    pub fn flow(direction: Direction) -> Self {
        match direction {
            Direction::In => Self::FlowIn,
            Direction::Out => Self::FlowOut,
        }
    }

    /// The specific flow in this direction.
    #[must_use]
    pub fn specific_flow(direction: Direction) -> Self {
        match direction {
            Direction::In => Self::SpecificFlowIn,
            Direction::Out => Self::SpecificFlowOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_measures_share_a_name_a_column_or_a_series() {
        let mut names = HashSet::new();
        let mut columns = HashSet::new();
        let mut series = HashSet::new();
        for measure in Measure::ALL {
            let facts = measure.facts();
            assert!(names.insert(facts.name) && columns.insert(facts.column), "{measure:?}");
            assert!(series.insert((facts.metric, facts.label)), "{measure:?}");
            assert!(!facts.scopes.is_empty() && facts.most > 0.0 && facts.help.ends_with('.'), "{measure:?}");
            // A threshold is a value that the measure can read.
            assert!(facts.reads[0] < facts.most && facts.most <= facts.reads[1], "{measure:?}");
            assert!(facts.unit.is_empty() || facts.unit.starts_with(' '), "{measure:?}");
        }
    }

    #[test]
    fn missed_people_make_bounds_and_never_a_wrong_one() {
        use Reading::{AtLeast, AtMost, Unknown, Valid};
        let blind = Unknown(UnknownReason::NoFrames);
        let missed = Unknown(UnknownReason::PeopleMissed);
        for (measure, reading, bound) in [
            (Measure::Occupancy, Valid(3.0), AtLeast(3.0)),
            (Measure::LevelOfService, Valid(2.0), AtLeast(2.0)),
            (Measure::LongestDwell, Valid(60.0), AtLeast(60.0)),
            (Measure::Pressure, Valid(0.01), AtLeast(0.01)),
            (Measure::Turbulence, Valid(0.0), AtLeast(0.0)),
            (Measure::Turbulence, Valid(1.0), Valid(1.0)),
            (Measure::Gathering, Valid(0.0), AtLeast(0.0)),
            (Measure::Gathering, Valid(1.0), Valid(1.0)),
            (Measure::StandingGroups, Valid(0.0), AtLeast(0.0)),
            (Measure::StandingGroups, Valid(4.0), AtLeast(1.0)),
            (Measure::LargestStandingGroup, Valid(4.0), AtLeast(4.0)),
            (Measure::SpeedRatio, Valid(0.5), AtLeast(0.5)),
            (Measure::Surge, Valid(-3.0), missed),
            (Measure::FillRate, Valid(0.1), missed),
            (Measure::BalanceDrift, Valid(5.0), AtMost(5.0)),
            (Measure::Speed, Valid(1.0), Valid(1.0)),
            (Measure::CounterFlow, Valid(0.2), Valid(0.2)),
            (Measure::Dispersal, Valid(0.0), AtLeast(0.0)),
            (Measure::MeanDwell, Valid(30.0), Valid(30.0)),
            (Measure::CountDisagreement, Valid(0.5), Valid(0.5)),
            (Measure::TimeToRed, Valid(60.0), AtMost(60.0)),
            (Measure::LatestTimeToRed, AtLeast(1800.0), missed),
            (Measure::TimeToRed, blind, blind),
            (Measure::Pressure, Unknown(UnknownReason::NothingToMeasure), Unknown(UnknownReason::NotEnough)),
            (Measure::Density, blind, blind),
        ] {
            assert_eq!(measure.where_people_are_missed(Scope::Zone, reading), bound, "{measure:?} {reading:?}");
        }
        for (measure, reading, bound) in [
            (Measure::FlowIn, Valid(30.0), AtLeast(30.0)),
            (Measure::SpecificFlowOut, Valid(0.5), AtLeast(0.5)),
            (Measure::CapacityRatio, Valid(0.4), AtLeast(0.4)),
            (Measure::CounterFlow, Valid(0.2), missed),
            (Measure::WrongWay, Valid(0.0), missed),
            (Measure::FlowOut, blind, blind),
        ] {
            assert_eq!(measure.where_people_are_missed(Scope::Line, reading), bound, "{measure:?} {reading:?}");
        }
        assert_eq!(Measure::People.where_people_are_missed(Scope::Camera, AtLeast(3.0)), AtLeast(3.0));
    }

    #[test]
    fn a_metric_has_the_same_label_in_each_of_its_measures() {
        for (a, b) in Measure::ALL.into_iter().flat_map(|a| Measure::ALL.map(|b| (a.facts(), b.facts()))) {
            if a.metric == b.metric {
                assert_eq!(a.label.map(|(key, _)| key), b.label.map(|(key, _)| key), "{}", a.name);
            }
        }
    }
}
