//! How measured figures are written.

/// Six digits after the point: microseconds, far below what any camera resolves, and short enough to read.
pub(super) fn figure(value: f64) -> String {
    ((value * 1e6).round() / 1e6).to_string()
}
