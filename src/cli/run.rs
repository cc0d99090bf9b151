//! `crowdflow run`: the service.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::config_file;
use super::failure;
use super::model::{check_input_sizes, open_models};
use super::output::print;
use crate::app::Service;
use crate::inference::Runtime;
use crate::model::{Reading, RuleId};
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
    let for_seconds = args.for_seconds.map(time).transpose()?;
    let plan = config_file::load_with_secrets(&args.config)?;
    let models = open_models(&plan.inference)?;
    for camera in &plan.cameras {
        check_input_sizes(&models, &plan.inference, camera)?;
    }
    let onnxruntime = Runtime::load(plan.inference.onnxruntime.as_deref())?;
    let mobile = plan.cameras.iter().filter(|camera| camera.mobile).count();
    tracing::info!(
        config = %args.config.display(), cameras = plan.cameras.len(), mobile, rules = plan.rules.len(),
        model = models.detector.entry().id, licence = models.detector.entry().licence, onnxruntime = %onnxruntime.path().display(), "starting"
    );
    let names: RuleNames = plan.rules.iter().map(|rule| (rule.id.clone(), rule.name.clone())).collect();
    let cameras: Vec<String> = plan.cameras.iter().map(|camera| camera.id.to_string()).collect();
    let service = Service::start(plan, &models, onnxruntime.build_info())?;
    // Before anybody is told that it runs: from then on a signal ends it in order.
    let mut signals = Signals::listen(&service)?;
    let address = service.address();
    let mut addresses = format!("page     http://{address}/\nmetrics  http://{address}/metrics\n");
    if let Some(token) = service.setup_token() {
        // After the `#`: a browser keeps that to itself.
        let _ = writeln!(addresses, "setup    http://{address}/setup#{token}");
        addresses += "         makes the first admin: once, within an hour, on this machine or through a tunnel\n";
    }
    for camera in cameras {
        let _ = writeln!(addresses, "picture  http://{address}/cameras/{camera}/live.mjpeg");
    }
    tell(&addresses);

    let end = wait(&service, &mut signals, args.status_line.then_some(&names), for_seconds);
    end_at_next_signal(&service, signals);
    match end {
        End::Asked(signal) => tracing::info!(signal, "stopping; a second signal ends at once"),
        End::TimeIsUp => tracing::info!("the time is up: stopping"),
        End::Broken => {
            tracing::error!("a part of the service has ended: unless the log says why, this is a bug in crowdflow")
        }
    }
    let broken = matches!(end, End::Broken);
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

/// `--for-seconds` as a time.
fn time(seconds: f64) -> anyhow::Result<Duration> {
    let time = Duration::try_from_secs_f64(seconds).ok();
    time.with_context(|| format!("--for-seconds: found {seconds}, expected a number of seconds from 0 on"))
}

/// Prints for whoever looks on. The service watches on where nobody does, or the disk that it is written to is full.
fn tell(text: &str) {
    if let Err(error) = print(text) {
        tracing::warn!("{error}");
    }
}

/// The signals that end the service.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen(service: &Service) -> std::io::Result<Self> {
        let _context = service.runtime().enter();
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupt",
            _ = self.terminate.recv() => "terminate",
        }
    }
}

/// The names of rules.
type RuleNames = BTreeMap<RuleId, String>;

/// Waits for a signal, the end of the time, or a bug; prints a line a second where names for it are given.
fn wait(
    service: &Service,
    signals: &mut Signals,
    status_line: Option<&RuleNames>,
    for_seconds: Option<Duration>,
) -> End {
    // A time too long for the clock is for ever.
    let deadline = for_seconds.and_then(|time| Instant::now().checked_add(time));
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
                signal = signals.next() => return End::Asked(signal),
                () = time_left => return End::TimeIsUp,
                _ = second.tick() => {
                    if service.is_broken() {
                        return End::Broken;
                    }
                    if let Some(names) = status_line {
                        tell(&(line(&service.board().snapshot(), names) + "\n"));
                    }
                }
            }
        }
    })
}

/// From now on a signal ends the process at once.
fn end_at_next_signal(service: &Service, mut signals: Signals) {
    service.runtime().spawn(async move {
        signals.next().await;
        std::process::exit(i32::from(failure::GRACE_RAN_OUT));
    });
}

/// `14:03:07  walkway: centre 3, west 1  |  Crossing is full YELLOW`.
fn line(snapshot: &StatusSnapshot, names: &RuleNames) -> String {
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
                            Reading::AtMost(value) => write!(line, " ≤{value}"),
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
            let name = names.get(&rule.rule).map_or(rule.rule.as_str(), String::as_str);
            let _ = write!(line, "{separator} {name} {}{stale}", level.as_str().to_uppercase());
            separator = ",";
        }
    }
    line
}
