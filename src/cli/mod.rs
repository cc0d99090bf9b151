//! Commands.

mod alert;
mod analyze;
mod backtest;
mod calibrate;
mod check;
mod config_file;
mod evaluate;
mod evidence;
mod failure;
mod model;
mod output;
mod run;
mod store;
mod track_detections;
mod user;

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use evaluate::{EvaluateArgs, FormatArg};

#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Analyze(analyze::AnalyzeArgs),
    Evaluate(EvaluateArgs),
    Check(check::CheckArgs),
    Calibrate(calibrate::CalibrateArgs),
    Model(model::ModelArgs),
    Store(store::StoreArgs),
    Backtest(backtest::BacktestArgs),
    Alert(alert::AlertArgs),
    Evidence(evidence::EvidenceArgs),
    User(user::UserArgs),
}

/// Reads the command line and does what it says. A panic ends it in order, as the bug that it is.
#[must_use]
pub fn main() -> ExitCode {
    contained(command)
}

fn contained(command: impl FnOnce() -> ExitCode) -> ExitCode {
    // Nothing of what the command worked on is used any more.
    std::panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|_| {
        // Where standard error can't be written, that may be what the panic was about.
        let _ = writeln!(
            std::io::stderr(),
            "error: this is a bug in crowdflow {}. Please report it with the lines above, the command as it was given, \
             and the configuration (it holds no passwords); RUST_BACKTRACE=1 makes those lines say more",
            env!("CARGO_PKG_VERSION")
        );
        ExitCode::from(failure::BUG)
    })
}

fn command() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version are no faults. Where nobody reads, there is nobody to tell.
            let _ = message.print();
            return if message.use_stderr() { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let done = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Analyze(args) => analyze::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Evaluate(args) => evaluate::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Calibrate(args) => calibrate::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Check(args) => check::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Model(args) => model::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Store(args) => store::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Backtest(args) => backtest::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Alert(args) => alert::run(&args),
        Command::Evidence(args) => evidence::run(&args),
        Command::User(args) => user::run(&args).map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", failure::message(&error));
            ExitCode::from(failure::exit_code(&error))
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io =
        |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    error.chain().filter_map(io).any(|kind| kind == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_and_what_ends_in_order_ends_as_it_says() {
        assert_eq!(contained(|| panic!("as the test wants")), ExitCode::from(failure::BUG));
        assert_eq!(contained(|| ExitCode::from(failure::UNAVAILABLE)), ExitCode::from(failure::UNAVAILABLE));
    }
}
