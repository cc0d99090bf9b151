//! Counts of other systems on their way in: what their messages say, and where a broker has them.

mod message;
mod subscription;

pub use message::{LineCount, MOST_BYTES, Message, MessageFault, SCHEMA, ZoneCount, read};
pub use subscription::{Link, subscribe};
