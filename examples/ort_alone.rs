//! Frames a second of ONNX Runtime alone: each worker thread runs the model over and over on one random tensor, with
//! the session settings of the product and nothing around it. The measure that `crowdflow analyze` is held against.
//!
//! ```text
//! cargo run --release --example ort_alone -- --size 416x320 --workers 2 --threads 1 --seconds 20
//! ```
//!
//! Prints one JSON object: frames a second over all workers, and the milliseconds of a run.

use std::path::PathBuf;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use crowdflow::config::DetectionThresholds;
use crowdflow::geometry::Letterbox;
use crowdflow::inference::{Detector, Manifest, Model, PreparedFrame, Runtime};
use crowdflow::model::{ClassSet, FrameSize};

#[derive(Parser)]
#[command(about = "Measure ONNX Runtime alone, with the product's session settings")]
struct Options {
    /// Input size in pixels.
    #[arg(long, default_value = "416x320", value_parser = size)]
    size: FrameSize,
    /// Worker threads, each with a session of its own; by default one a core.
    #[arg(long)]
    workers: Option<usize>,
    /// Threads within each session.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Model of the manifest.
    #[arg(long, default_value = "nanodet_g")]
    model: String,
    /// Model manifest; by default the shipped one.
    #[arg(long)]
    manifest: Option<PathBuf>,
    /// ONNX Runtime's shared library; by default as the product finds it.
    #[arg(long)]
    onnxruntime: Option<PathBuf>,
}

fn size(text: &str) -> Result<FrameSize> {
    let (width, height) = text.split_once('x').ok_or_else(|| anyhow!("expected WIDTHxHEIGHT"))?;
    Ok(FrameSize { width_px: width.parse()?, height_px: height.parse()? })
}

fn main() -> Result<()> {
    let options = Options::parse();
    let workers = match options.workers {
        Some(workers) => workers.max(1),
        None => std::thread::available_parallelism()?.get(),
    };
    let duration = Duration::try_from_secs_f64(options.seconds).context("--seconds")?;
    let runtime = Runtime::load(options.onnxruntime.as_deref())?;
    let manifest = Manifest::find(options.manifest.as_deref())?;
    let model = Model::open(&runtime, manifest.model(&options.model)?)?;
    model.check_size(options.size)?;

    let letterbox = Letterbox::whole(options.size, options.size)?;
    let start = Barrier::new(workers);
    let runs: Vec<Result<Vec<f64>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                let (model, start) = (&model, &start);
                scope.spawn(move || measure(model, options.threads, letterbox, worker as u64, duration, start))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("a worker panicked"))?).collect()
    });
    let runs: Vec<Vec<f64>> = runs.into_iter().collect::<Result<_>>()?;
    // Each worker's own rate: the last run of one may end when the others have long stopped.
    let fps: f64 = runs.iter().map(|runs_ms| 1e3 * runs_ms.len() as f64 / runs_ms.iter().sum::<f64>()).sum();
    let mut all_ms: Vec<f64> = runs.into_iter().flatten().collect();
    all_ms.sort_by(f64::total_cmp);
    let quantile = |share: f64| all_ms[((all_ms.len() - 1) as f64 * share).round() as usize];
    let report = serde_json::json!({
        "model": options.model,
        "width_px": options.size.width_px,
        "height_px": options.size.height_px,
        "workers": workers,
        "threads_per_worker": options.threads,
        "seconds": options.seconds,
        "frames": all_ms.len(),
        "frames_per_second": fps,
        "run_ms": { "min": quantile(0.0), "p50": quantile(0.5), "p95": quantile(0.95) },
    });
    println!("{report:#}");
    Ok(())
}

/// Milliseconds of each run of one worker.
fn measure(
    model: &Model,
    threads: usize,
    letterbox: Letterbox,
    seed: u64,
    duration: Duration,
    start: &Barrier,
) -> Result<Vec<f64>> {
    let detector = Detector::new(model, threads, 1, DetectionThresholds::default());
    let mut random = fastrand::Rng::with_seed(seed);
    let size = letterbox.input();
    let values = 3 * size.width_px as usize * size.height_px as usize;
    let tensor = (0..values).map(|_| random.f32() * 4.0 - 2.0).collect();
    let frame = PreparedFrame { tensor, letterboxes: vec![letterbox], classes: ClassSet::PERSON };
    // Whoever fails must not leave the others waiting.
    start.wait();
    let mut detector = detector?;
    detector.run_only(&frame)?;
    let begin = Instant::now();
    let mut runs_ms = Vec::new();
    while runs_ms.is_empty() || begin.elapsed() < duration {
        let run = Instant::now();
        detector.run_only(&frame)?;
        runs_ms.push(run.elapsed().as_secs_f64() * 1e3);
    }
    Ok(runs_ms)
}
