//! From what rules say to what is kept and sent.
//!
//! ```text
//! events, actions, time ─▶ desk (book, messages) ─▶ one commit ─▶ keeper ─▶ store ─▶ delivery workers
//! ```
//!
//! - [`AlertDesk`] is pure: the same events, actions and times give the same commits. A transition, the state of its rule
//!   and the messages that it calls for are one commit, so that neither is ever there without the others.
//! - [`Keeper`] writes them in order, again and again where the store can't be reached, without anybody waiting for it.
//! - [`KeptRule`] is what a restart goes on from.

mod desk;
mod keeper;
mod kept;

pub use desk::{AlertDesk, DeskFault, RulesNow, Told};
pub use keeper::{Keeper, KeeperHandle, Moment, StoreOpened};
pub use kept::{Kept, KeptRule};
