//! Commands.

mod evaluate;
mod track_detections;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use evaluate::{EvaluateArgs, FormatArg};

#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Evaluate(EvaluateArgs),
}

/// Bad usage or bad input.
const EXIT_USAGE: u8 = 64;

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Evaluate(args) => evaluate::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}
