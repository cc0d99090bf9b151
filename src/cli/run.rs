//! `crowdflow run`: the service.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;
use tracing_subscriber::EnvFilter;

use super::config_file;
use super::failure;
use super::model::{check_input_sizes, open_models};
use super::output::print;
use crate::app::{Change, ConfigControl, Origin, Service};
use crate::config::{Access, ExternalSourcePlan, Plan};
use crate::inference::Runtime;
use crate::model::{CameraId, Reading, RuleId};
use crate::source::{Clock as _, SystemClock};
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
    Changed(Box<Change>),
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    begin_logs(args.json_logs);
    let for_seconds = args.for_seconds.map(time).transpose()?;
    // A time too long for the clock is for ever.
    let deadline = for_seconds.and_then(|time| Instant::now().checked_add(time));
    let plan = config_file::load_with_secrets(&args.config)?;
    let now = || SystemClock::new().wall();
    let (control, mut changes) = ConfigControl::new(&args.config, &plan.written, now());
    let control = Arc::new(control);
    let origin = Origin {
        configuration: Some(Arc::<ConfigControl>::clone(&control)),
        why: String::new(),
        listener: None,
        tls: None,
    };
    tracing::info!(config = %args.config.display(), "starting");
    let mut running = Running::start(plan, &origin)?;
    // Before anybody is told that it runs: from then on a signal ends it in order.
    let mut waiting = Waiting::begin()?;
    tell(&running.addresses());

    let end = loop {
        let names = args.status_line.then_some(&running.names);
        match waiting.wait(&running.service, names, deadline, &mut changes) {
            End::Changed(change) => running = running.change(*change, &control, &origin)?,
            end => break end,
        }
    };
    let _waiting = waiting.end_at_next_signal();
    match end {
        End::Asked(signal) => tracing::info!(signal, "stopping; a second signal ends at once"),
        End::TimeIsUp => tracing::info!("the time is up: stopping"),
        End::Broken | End::Changed(_) => {
            tracing::error!("a part of the service has ended: unless the log says why, this is a bug in crowdflow");
        }
    }
    let (broken, lost) = (matches!(end, End::Broken), running.service.has_lost_its_store());
    if let Err(error) = running.service.stop() {
        eprintln!("error: {error}");
        return Ok(ExitCode::from(failure::GRACE_RAN_OUT));
    }
    tracing::info!("stopped");
    Ok(match (lost, broken) {
        (true, _) => ExitCode::from(failure::UNAVAILABLE),
        (false, true) => ExitCode::from(failure::BUG),
        (false, false) => ExitCode::SUCCESS,
    })
}

/// A service, and what it was started with.
struct Running {
    service: Service,
    plan: Plan,
    names: RuleNames,
    cameras: Vec<CameraId>,
    /// External sources that send their counts here.
    sources: Vec<CameraId>,
}

impl Running {
    fn start(plan: Plan, origin: &Origin) -> anyhow::Result<Self> {
        for fault in plan.unfit_pictures() {
            tracing::warn!(%fault, "a site map is shown without its picture");
        }
        let models = open_models(&plan.inference)?;
        for camera in &plan.cameras {
            check_input_sizes(&models, &plan.inference, camera)?;
        }
        let onnxruntime = Runtime::load(plan.inference.onnxruntime.as_deref())?;
        let mobile = plan.cameras.iter().filter(|camera| camera.mobile).count();
        let entry = models.detector.entry();
        tracing::info!(
            cameras = plan.cameras.len(), mobile, sources = plan.sources.len(), rules = plan.rules.len(), model = entry.id,
            licence = entry.licence, onnxruntime = %onnxruntime.path().display(), "the configuration"
        );
        let names = plan.rules.iter().map(|rule| (rule.id.clone(), rule.name.clone())).collect();
        let cameras = plan.cameras.iter().map(|camera| camera.id.clone()).collect();
        let comes_here = |source: &&ExternalSourcePlan| matches!(source.access, Access::Http { .. });
        let sources = plan.sources.iter().filter(comes_here).map(|source| source.id.clone()).collect();
        let service = Service::start(plan.clone(), &models, onnxruntime.build_info(), origin.clone())?;
        Ok(Self { service, plan, names, cameras, sources })
    }

    fn addresses(&self) -> String {
        let address = format!("{}://{}", self.plan.server.scheme(), self.service.address());
        let mut addresses = format!("page     {address}/\nmetrics  {address}/metrics\n");
        if let Some(token) = self.service.setup_token() {
            // After the `#`: a browser keeps that to itself.
            let _ = writeln!(addresses, "setup    {address}/setup#{token}");
            addresses += "         makes the first admin: once, within an hour, on this machine or through a tunnel\n";
        }
        for camera in &self.cameras {
            let _ = writeln!(addresses, "picture  {address}/cameras/{camera}/live.mjpeg");
        }
        for source in &self.sources {
            let _ = writeln!(addresses, "counts   {address}/api/v1/sources/{source}");
        }
        addresses
    }

    /// Runs with another configuration from now on, or goes back to the one before where it can't.
    fn change(self, Change { plan }: Change, control: &ConfigControl, origin: &Origin) -> anyhow::Result<Self> {
        let now = || SystemClock::new().wall();
        tracing::warn!("the configuration was changed: the service starts anew with it");
        // What it ran with, and not its text: a secret that it was read with may be elsewhere by now.
        let (mut plan, mut before_plan) = (plan, self.plan);
        // Who is connected finds it again: a port that the system chose stays.
        let address = self.service.address();
        for plan in [&mut plan, &mut before_plan] {
            if plan.server.listen.port() == 0 {
                plan.server.listen.set_port(address.port());
            }
        }
        let (listener, tls) = (Some(self.service.listener()), self.service.tls());
        let origin = Origin { listener, tls, ..origin.clone() };
        if let Err(error) = self.service.stop() {
            tracing::error!(%error, "not all of the service ended in time");
        }
        let written = plan.written.clone();
        let why = match Self::start(plan, &origin) {
            Ok(running) => {
                control.taken(&written, now());
                tracing::info!("the new configuration is in force");
                if running.service.setup_token().is_some() {
                    tell(&running.addresses());
                }
                return Ok(running);
            }
            Err(error) => format!("{error:#}"),
        };
        tracing::error!(why, "the service can't be started with the new configuration: it goes back to the one before");
        if let Err(error) = control.put_back(&why, now()) {
            tracing::error!(%error, "the configuration's file could not be put back");
        }
        let origin = Origin { why: format!("the newer one could not be started: {why}"), ..origin };
        Self::start(before_plan, &origin)
    }
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

/// The names of rules.
type RuleNames = BTreeMap<RuleId, String>;

/// What the program waits for while the service runs.
struct Waiting {
    /// Its own: a signal that comes between two services is not lost.
    runtime: tokio::runtime::Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl Waiting {
    fn begin() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (interrupt, terminate) = {
            let _context = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        Ok(Self { runtime, interrupt, terminate })
    }

    /// Waits for a signal, the end of the time, a change of the configuration, or a bug; prints a line a second where names
    /// for it are given.
    fn wait(
        &mut self,
        service: &Service,
        status_line: Option<&RuleNames>,
        deadline: Option<Instant>,
        changes: &mut Receiver<Change>,
    ) -> End {
        let Self { runtime, interrupt, terminate } = self;
        runtime.block_on(async {
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
                    signal = next(interrupt, terminate) => return End::Asked(signal),
                    () = time_left => return End::TimeIsUp,
                    Some(change) = changes.recv() => return End::Changed(Box::new(change)),
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

    /// From now on a signal ends the process at once, as long as what is given back is there.
    fn end_at_next_signal(self) -> tokio::runtime::Runtime {
        let Self { runtime, mut interrupt, mut terminate } = self;
        runtime.spawn(async move {
            next(&mut interrupt, &mut terminate).await;
            std::process::exit(i32::from(failure::GRACE_RAN_OUT));
        });
        runtime
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "interrupt",
        _ = terminate.recv() => "terminate",
    }
}

/// `14:03:07  walkway: centre 3, west 1  |  Crossing is full YELLOW`.
fn line(snapshot: &StatusSnapshot, names: &RuleNames) -> String {
    let cameras = snapshot.cameras.iter().map(|camera| (&camera.camera, &camera.report, camera.health.state, true));
    let sources = snapshot.sources.iter().map(|source| (&source.source, &source.report, source.state(), false));
    let all = cameras.chain(sources);
    let newest = all.clone().filter_map(|(_, report, ..)| report.as_ref().map(|report| report.at)).max();
    let time = newest.map(|at| at.to_rfc3339());
    let mut line = time.as_deref().and_then(|time| time.get(11..19)).unwrap_or("--:--:--").to_owned();
    // Writing into a string can't fail.
    for (id, report, state, is_camera) in all {
        let _ = write!(line, "  {id}:");
        match report {
            None => {
                let _ = write!(line, " {}", state.as_str());
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
                if report.zones.is_empty() && is_camera {
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
