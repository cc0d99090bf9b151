//! The thread that draws and writes heat maps: the analysis must not wait for a disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use crate::config::{CameraPlan, Plan};
use crate::flow::HeatMap;
use crate::metrics::Metrics;
use crate::sink::HeatMapFolder;
use crate::view::heat_map_pictures;

/// Maps that may wait, for each camera: all cameras' hours end at once.
const WAITING_PER_CAMERA: usize = 2;

/// Writes maps until it is finished.
pub(super) struct HeatMapWriter {
    maps: SyncSender<(usize, HeatMap)>,
    thread: JoinHandle<()>,
    metrics: Metrics,
}

impl HeatMapWriter {
    pub fn start(plan: &Arc<Plan>, folder: HeatMapFolder, metrics: Metrics) -> std::io::Result<Self> {
        let (maps, waiting) = sync_channel::<(usize, HeatMap)>(WAITING_PER_CAMERA * plan.cameras.len());
        let (plan, told) = (Arc::clone(plan), metrics.clone());
        let thread = super::spawn("heat maps", move || {
            for (index, map) in waiting {
                let Some(camera) = plan.cameras.get(index) else { continue };
                match write(&folder, camera, &map) {
                    Ok(path) => tracing::info!(
                        camera = %camera.id, hour = %map.hour().to_rfc3339(), observed_s = map.observed_s(),
                        path = %path.display(), "heat map written"
                    ),
                    Err(error) => lost(&told, camera, &map, &error),
                }
            }
        })?;
        Ok(Self { maps, thread, metrics })
    }

    /// Hands a map over, without waiting.
    pub fn write(&self, index: usize, camera: &CameraPlan, map: HeatMap) {
        match self.maps.try_send((index, map)) {
            Ok(()) => {}
            Err(TrySendError::Full((_, map))) => {
                lost(&self.metrics, camera, &map, "too many heat maps wait to be written: is the disk slow?");
            }
            Err(TrySendError::Disconnected((_, map))) => lost(&self.metrics, camera, &map, "its thread has ended"),
        }
    }

    /// Waits until all that was handed over is written.
    pub fn finish(self) {
        drop(self.maps);
        if self.thread.join().is_err() {
            tracing::error!(thread = "heat maps", "a thread had panicked: this is a bug in crowdflow");
        }
    }
}

fn write(folder: &HeatMapFolder, camera: &CameraPlan, map: &HeatMap) -> Result<PathBuf, String> {
    let pictures = heat_map_pictures(camera, map).map_err(|error| error.to_string())?;
    folder.write(&camera.id, map, &pictures).map_err(|error| error.to_string())
}

fn lost(metrics: &Metrics, camera: &CameraPlan, map: &HeatMap, error: &str) {
    metrics.heat_map_write_failed();
    let hour = map.hour().to_rfc3339();
    tracing::error!(camera = %camera.id, hour, error, "the heat map of an hour could not be written and is lost");
}
