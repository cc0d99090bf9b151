//! Where results go: the files of `analyze`, and the service's log of alerts.

mod alert_log;
mod analysis_files;

pub use alert_log::AlertLog;
pub use analysis_files::AnalysisFiles;
