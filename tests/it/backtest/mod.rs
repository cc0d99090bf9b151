//! The back-test: the same as live, and the command with what it says.

mod command;
mod files;
mod live;
