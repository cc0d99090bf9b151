//! The command-line program; all but its first act is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    set_environment();
    crowdflow::cli::main()
}

/// OpenCV and FFmpeg take some settings from the environment only.
#[expect(
    unsafe_code,
    reason = "changing the environment is sound only while there is one thread: here, and nowhere else"
)]
fn set_environment() {
    let live = std::env::args().nth(1).is_some_and(|command| command == "run");
    for (name, value) in crowdflow::source::process_environment(live) {
        if std::env::var_os(name).is_none() {
            // SAFETY: no thread has been started yet.
            unsafe { std::env::set_var(name, value) };
        }
    }
}
