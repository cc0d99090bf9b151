//! Configuration: TOML as written → checked as a whole (every fault at once, with its path) → the resolved [`Plan`].

mod plan;

pub use plan::{
    CameraPlan, DetectionThresholds, FileSource, ImageFolderSource, InferencePlan, InputPlan, InputSize, LevelPlan,
    LinePlan, Measure, Plan, PrivacyPlan, Region, RulePlan, ServerPlan, SourcePlan, StreamSource, TrackerPlan,
    V4l2Source, ZonePlan,
};
