//! Alerts to people's systems: from an entry of an alert's history to a message that somebody has taken.
//!
//! ```text
//! Notice ─▶ compose (payload) ─▶ outbox, with the transition ─▶ worker ─▶ sender (webhook, mail, chat …)
//! ```
//!
//! - At least once: what is in the outbox is sent until the destination has taken it, or is given up as dead, which is
//!   told. Each attempt has the same key and the same bytes.
//! - In order for each alert and destination; destinations don't wait for one another.
//! - A destination that fails is tried ever less often, with one message at a time, until it takes one again.
//!
//! What is promised, and each destination's format, stands in `docs/delivery.md`.

mod alertmanager;
pub mod backoff;
mod clock;
mod compose;
mod email;
mod http;
mod mqtt;
pub mod payload;
mod robot;
mod sender;
mod signature;
mod text;
mod webhook;
mod words;
mod worker;

pub use clock::{Clock, ServiceClock, SystemClock};
pub use compose::{Composer, Context};
pub use payload::MayEnter;
pub use sender::{Failure, FailureKind, Outgoing, Sender, SetupError, sender, wants};
pub use signature::webhook_signature;
pub use text::Message;
pub use worker::{DeadDelivery, Deliveries, DeliveryEvent, Lane, OnDelivery, Waker};

#[cfg(test)]
mod tests;
