//! Where results go: the files of `analyze`, the service's log of alerts, and heat maps.

mod alert_log;
mod analysis_files;
mod figure;
mod heat_map_files;

pub use alert_log::AlertLog;
pub use analysis_files::AnalysisFiles;
pub use heat_map_files::{HeatMapFolder, HeatMapPicture};
