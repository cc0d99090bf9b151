//! Where results go: the files of `analyze`, the service's log of alerts, heat maps, and people's systems.

mod alert_log;
mod analysis_files;
pub mod delivery;
mod figure;
mod heat_map_files;
mod heat_map_sum;

pub use alert_log::AlertLog;
pub use analysis_files::AnalysisFiles;
pub use heat_map_files::{HeatMapFolder, HeatMapPicture};
pub use heat_map_sum::{HeatMapSum, SummedCell, sum_heat_maps};
