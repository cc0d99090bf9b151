//! `crowdflow run`: the service.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::failure::{self, Unavailable};
use super::model::open_model;
use crate::app::{Service, ServiceError};
use crate::config;
use crate::inference::Runtime;
use crate::model::{FrameSize, Reading};
use crate::status::StatusSnapshot;

/// Watch cameras: count, alert, show, until stopped.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The configuration.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Print one line a second with the zones' counts and the alerts.
    #[arg(long)]
    status_line: bool,
    /// Stop by itself after this long.
    #[arg(long, value_name = "SECONDS")]
    for_seconds: Option<f64>,
    /// Write logs as JSON lines.
    #[arg(long)]
    json_logs: bool,
}

/// Why the service ends.
enum End {
    Asked(&'static str),
    TimeIsUp,
    Broken,
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    begin_logs(args.json_logs);
    let plan = config::load(&args.config).with_context(|| format!("{} can't be used", args.config.display()))?;
    let for_seconds = args.for_seconds.map(Duration::try_from_secs_f64).transpose().context("--for-seconds")?;
    let model = open_model(&plan.inference)?;
    for camera in &plan.cameras {
        let size = camera.input.size;
        model
            .check_size(FrameSize { width_px: size.width_px, height_px: size.height_px })
            .with_context(|| format!("cameras.{}.input_size", camera.id))?;
    }
    let onnxruntime = Runtime::load(plan.inference.onnxruntime.as_deref())?;
    let mobile = plan.cameras.iter().filter(|camera| camera.mobile).count();
    tracing::info!(
        config = %args.config.display(), cameras = plan.cameras.len(), mobile, rules = plan.rules.len(),
        model = model.entry().id, licence = model.entry().licence, onnxruntime = %onnxruntime.path().display(), "starting"
    );
    let cameras: Vec<String> = plan.cameras.iter().map(|camera| camera.id.to_string()).collect();
    let service = Service::start(plan, &model, onnxruntime.build_info()).map_err(|error| match error {
        ServiceError::Listen { .. } | ServiceError::AlertLog { .. } => Unavailable(error.to_string()).into(),
        other => anyhow::Error::new(other),
    })?;
    let address = service.address();
    println!("page     http://{address}/");
    println!("metrics  http://{address}/metrics");
    for camera in cameras {
        println!("picture  http://{address}/cameras/{camera}/live.mjpeg");
    }
    std::io::stdout().flush()?;

    let end = wait(&service, args.status_line, for_seconds)?;
    match end {
        End::Asked(signal) => tracing::info!(signal, "stopping; a second signal ends at once"),
        End::TimeIsUp => tracing::info!("the time is up: stopping"),
        End::Broken => tracing::error!("a part of the service has ended: this is a bug in crowdflow"),
    }
    let broken = matches!(end, End::Broken);
    end_at_second_signal(&service);
    if let Err(error) = service.stop() {
        eprintln!("error: {error}");
        return Ok(ExitCode::from(failure::GRACE_RAN_OUT));
    }
    tracing::info!("stopped");
    Ok(if broken { ExitCode::from(failure::BUG) } else { ExitCode::SUCCESS })
}

fn begin_logs(json: bool) {
    let filter = EnvFilter::try_from_env("CROWDFLOW_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(std::io::stderr);
    // Fails only where a program that uses this library has its own.
    let _ = if json {
        logs.json().flatten_event(true).try_init()
    } else {
        logs.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
}

/// Waits for a signal, the end of the time, or a bug.
fn wait(service: &Service, status_line: bool, for_seconds: Option<Duration>) -> anyhow::Result<End> {
    let (mut interrupt, mut terminate) = signals(service)?;
    let deadline = for_seconds.map(|time| Instant::now() + time);
    service.runtime().block_on(async {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let time_left = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupt.recv() => return Ok(End::Asked("interrupt")),
                _ = terminate.recv() => return Ok(End::Asked("terminate")),
                () = time_left => return Ok(End::TimeIsUp),
                _ = second.tick() => {
                    if service.is_broken() {
                        return Ok(End::Broken);
                    }
                    if status_line {
                        writeln!(std::io::stdout(), "{}", line(&service.board().snapshot()))?;
                    }
                }
            }
        }
    })
}

fn signals(service: &Service) -> std::io::Result<(Signal, Signal)> {
    let _context = service.runtime().enter();
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

/// From now on a signal ends the process at once.
fn end_at_second_signal(service: &Service) {
    match signals(service) {
        Ok((mut interrupt, mut terminate)) => {
            service.runtime().spawn(async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                std::process::exit(i32::from(failure::GRACE_RAN_OUT));
            });
        }
        Err(error) => tracing::warn!(%error, "a second signal can't be waited for"),
    }
}

/// `14:03:07  walkway: centre 3, west 1 | crossing YELLOW`.
fn line(snapshot: &StatusSnapshot) -> String {
    let newest = snapshot.cameras.iter().filter_map(|camera| camera.report.as_ref().map(|report| report.at)).max();
    let time = newest.map(|at| at.to_rfc3339());
    let mut line = time.as_deref().and_then(|time| time.get(11..19)).unwrap_or("--:--:--").to_owned();
    // Writing into a string can't fail.
    for camera in &snapshot.cameras {
        let _ = write!(line, "  {}:", camera.camera);
        match &camera.report {
            None => {
                let _ = write!(line, " {}", camera.health.state.as_str());
            }
            Some(report) => {
                for (index, zone) in report.zones.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    let _ = write!(line, "{comma} {}", zone.zone);
                    for class in &zone.classes {
                        let _ = match class.occupancy {
                            Reading::Valid(value) => write!(line, " {value}"),
                            Reading::AtLeast(value) => write!(line, " ≥{value}"),
                            Reading::Unknown(reason) => write!(line, " ?({})", reason.as_str()),
                        };
                    }
                }
                if report.zones.is_empty() {
                    let _ = write!(line, " {} people", report.tracks.len());
                }
            }
        }
    }
    let mut separator = "  |";
    for rule in &snapshot.rules {
        if let Some(level) = rule.level {
            let stale = if rule.stale { " (stale)" } else { "" };
            let _ = write!(line, "{separator} {} {}{stale}", rule.rule, level.as_str().to_uppercase());
            separator = ",";
        }
    }
    line
}
