//! Standard output.

use std::io::{self, Write as _};

use super::failure::Unavailable;

/// Prints a whole text. A reader that has gone away, such as `head`, is no fault: the work is done all the same.
///
/// # Errors
/// Where standard output can't be written for another reason, such as a full disk.
pub(super) fn print(text: &str) -> Result<(), Unavailable> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Unavailable(format!("standard output can't be written: {error}"))),
    }
}

/// `1 zone`, `2 zones`.
pub(super) fn count(number: usize, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}
