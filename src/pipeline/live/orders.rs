//! What people ask of the running service.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::{IntakeError, Message};
use crate::alerting::DeskFault;
use crate::analysis::SourceMessage;
use crate::model::{Action, AlertId, Level};

/// Something to be done by the analysis thread, which owns all alerts.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Do something about an open alert.
    Act {
        /// The alert.
        alert: AlertId,
        /// Who does it.
        who: String,
        /// What is to be done.
        action: Action,
    },
    /// Switch a profile on or off; one that is on by its dates stays on by them.
    SwitchProfile {
        /// The profile's id.
        profile: String,
        /// On.
        on: bool,
        /// Who does it.
        who: String,
    },
    /// Begin a drill.
    BeginDrill {
        /// The rule's id.
        rule: String,
        /// Up to which level the simulated surge rises.
        level: Level,
        /// How long its peak is held, in seconds.
        hold_s: f64,
        /// Who does it.
        who: String,
    },
    /// End a drill before its time.
    EndDrill {
        /// The rule's id.
        rule: String,
        /// Who does it.
        who: String,
    },
}

/// Hears once what was done lasts; it hears nothing where that is lost, or there is no store.
pub type Stored = oneshot::Receiver<()>;

/// What came of an order.
pub type Outcome = Result<Option<Stored>, DeskFault>;

/// Why an order was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Too much waits for the analysis.
    #[error("the analysis has no time at present: try again")]
    Busy,
    /// The service comes to its end.
    #[error("the service is stopping")]
    Stopping,
}

/// Where orders are given. Clones give them to the same service.
#[derive(Debug, Clone)]
pub struct Orders(Arc<Mutex<Option<SyncSender<Message>>>>);

impl Orders {
    pub(super) fn new(sender: SyncSender<Message>) -> Self {
        Self(Arc::new(Mutex::new(Some(sender))))
    }

    /// Where nobody takes orders: the service has not started, or has ended.
    #[must_use]
    pub fn nowhere() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// Gives an order; what comes of it is heard soon after.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn give(&self, order: Order) -> Result<oneshot::Receiver<Outcome>, NotTaken> {
        let (reply, outcome) = oneshot::channel();
        self.send(Message::Order(order, reply))?;
        Ok(outcome)
    }

    /// Hands over a message of the external source with this index; whether it was taken is heard soon after.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(super) fn tell(
        &self,
        source: usize,
        message: SourceMessage,
    ) -> Result<oneshot::Receiver<Result<(), IntakeError>>, NotTaken> {
        let (reply, outcome) = oneshot::channel();
        self.send(Message::Counts(source, message, reply))?;
        Ok(outcome)
    }

    fn send(&self, message: Message) -> Result<(), NotTaken> {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().ok_or(NotTaken::Stopping)?.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => NotTaken::Busy,
            TrySendError::Disconnected(_) => NotTaken::Stopping,
        })
    }

    /// No more orders are taken.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
