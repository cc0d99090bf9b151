//! What is still to be delivered: a row for each message and sink, written together with what it tells of.
//!
//! Delivery is at least once and, within a sink and stream (an alert), in order: the next row of a stream can be claimed
//! only once the one before it is delivered or given up. A claim is lent for a while: where the worker dies, it becomes
//! due again by itself.

use super::sql::{Row, Writing, unreadable, values};
use super::{Store, StoreError};
use crate::model::Timestamp;

/// A message to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// To which of the configured sinks.
    pub sink: String,
    /// What it must stay in order with: the alert's id.
    pub stream: String,
    /// Idempotency key, unique within the sink: the same for each attempt. A second row of the same key is passed over.
    pub key: String,
    /// What is delivered, as the sink's worker understands it.
    pub payload: String,
    /// From when on it is due.
    pub due: Timestamp,
}

/// How a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Not delivered yet.
    Pending,
    /// The sink has taken it.
    Delivered,
    /// Given up: see [`Store::revive_delivery`].
    Dead,
}

impl DeliveryState {
    /// Its name in the table and in labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    fn from_name(name: &str) -> Result<Self, sqlx::Error> {
        [Self::Pending, Self::Delivered, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| unreadable(format!("`{name}` is no state of a delivery")))
    }
}

/// A message lent to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number, rising in the order of writing.
    pub id: i64,
    /// The sink.
    pub sink: String,
    /// The alert's id, or what else it is in order with.
    pub stream: String,
    /// Idempotency key.
    pub key: String,
    /// What is delivered.
    pub payload: String,
    /// When it was written.
    pub created: Timestamp,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// A message as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The message; its `attempt` is the number of attempts so far.
    pub delivery: Delivery,
    /// How it stands.
    pub state: DeliveryState,
    /// When it is due next, where it is pending.
    pub next: Timestamp,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was delivered or given up.
    pub settled: Option<Timestamp>,
}

/// What came of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The sink has taken it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// To be tried again.
    Retry {
        /// When it is due again.
        next: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// Given up. The next of its stream becomes due.
    Dead {
        /// When.
        at: Timestamp,
        /// Why it failed.
        error: String,
    },
}

/// How many messages of a sink wait, or were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxCount {
    /// The sink.
    pub sink: String,
    /// Not delivered yet.
    pub pending: u64,
    /// Given up.
    pub dead: u64,
    /// When the oldest that is pending was written.
    pub oldest_pending: Option<Timestamp>,
}

/// Most characters of an error that are kept.
const MOST_ERROR_CHARS: usize = 500;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, sink, stream, key, payload, created_us, attempts, state, next_us, last_error, settled_us \
             FROM outbox ",
            $rest
        )
    };
}

fn delivery(row: &Row) -> Result<Delivery, sqlx::Error> {
    Ok(Delivery {
        id: row.get(0)?,
        sink: row.get(1)?,
        stream: row.get(2)?,
        key: row.get(3)?,
        payload: row.get(4)?,
        created: Timestamp(row.get(5)?),
        attempt: u32::try_from(row.get::<i64>(6)?).unwrap_or(u32::MAX),
    })
}

fn delivery_row(row: &Row) -> Result<DeliveryRow, sqlx::Error> {
    Ok(DeliveryRow {
        delivery: delivery(row)?,
        state: DeliveryState::from_name(&row.get::<String>(7)?)?,
        next: Timestamp(row.get(8)?),
        last_error: row.get(9)?,
        settled: row.get::<Option<i64>>(10)?.map(Timestamp),
    })
}

/// Adds a row, unless the sink has one of this key already.
pub(super) async fn add(writing: &mut Writing, new: &NewDelivery, at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox (sink, stream, key, payload, created_us, state, attempts, next_us) \
               VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6) ON CONFLICT (sink, key) DO NOTHING";
    writing.execute(sql, values![&new.sink, &new.stream, &new.key, &new.payload, at.0, new.due.0]).await.map(drop)
}

impl Store {
    /// Lends out what this sink is to be sent next: of each stream the first that is pending, if it is due; `most` of
    /// them at most, those that have been due longest first. Nobody else is given them until `lent_until`.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn claim_deliveries(
        &self,
        sink: &str,
        now: Timestamp,
        lent_until: Timestamp,
        most: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let due = "WITH due AS (SELECT id FROM outbox o WHERE sink = $1 AND state = 'pending' AND next_us <= $2 AND NOT \
                   EXISTS (SELECT 1 FROM outbox e WHERE e.sink = $1 AND e.stream = o.stream AND e.state = 'pending' \
                   AND e.id < o.id) ORDER BY next_us, id LIMIT $3) \
                   UPDATE outbox SET attempts = attempts + 1, next_us = $4 WHERE id IN (SELECT id FROM due) \
                   RETURNING id, sink, stream, key, payload, created_us, attempts";
        let mut writing = self.database().write().await?;
        if self.database().is_postgres() {
            // Workers of two processes: each sees what the other has claimed.
            writing.execute("LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE", &[]).await?;
        }
        let most = i64::from(most);
        let mut claimed = writing.read(due, values![sink, now.0, most, lent_until.0], delivery).await?;
        writing.commit().await?;
        claimed.sort_by_key(|delivery| delivery.id);
        Ok(claimed)
    }

    /// Says what came of a claim. `false`: the claim had run out and the message was lent out anew, or was settled by
    /// somebody else; nothing was changed.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn settle_delivery(&self, claim: &Delivery, settled: &Settled) -> Result<bool, StoreError> {
        let kept = |error: &str| error.chars().take(MOST_ERROR_CHARS).collect::<String>();
        let (state, next, error, at) = match settled {
            Settled::Delivered { at } => (DeliveryState::Delivered, *at, None, Some(*at)),
            Settled::Retry { next, error } => (DeliveryState::Pending, *next, Some(kept(error)), None),
            Settled::Dead { at, error } => (DeliveryState::Dead, *at, Some(kept(error)), Some(*at)),
        };
        let sql = "UPDATE outbox SET state = $1, next_us = $2, last_error = $3, settled_us = $4 \
                   WHERE id = $5 AND attempts = $6 AND state = 'pending'";
        let attempt = i64::from(claim.attempt);
        let at = at.map(|at| at.0);
        let mut writing = self.database().write().await?;
        let changed = writing.execute(sql, values![state.as_str(), next.0, &error, at, claim.id, attempt]).await?;
        writing.commit().await?;
        Ok(changed > 0)
    }

    /// Makes every message of this sink that waits due now: at the start of its only worker, as those that were lent to a
    /// worker that has died would else wait until its time is up.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn release_deliveries(&self, sink: &str, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE outbox SET next_us = $2 WHERE sink = $1 AND state = 'pending' AND next_us > $2";
        let mut writing = self.database().write().await?;
        let released = writing.execute(sql, values![sink, now.0]).await?;
        writing.commit().await?;
        Ok(released)
    }

    /// When the next message of this sink is due, for a worker that has nothing to do; `None` where none is pending.
    /// It may be one that has to wait for another.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn next_delivery(&self, sink: &str) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT MIN(next_us) FROM outbox o WHERE sink = $1 AND state = 'pending' AND NOT EXISTS (SELECT 1 \
                   FROM outbox e WHERE e.sink = $1 AND e.stream = o.stream AND e.state = 'pending' AND e.id < o.id)";
        let next = self.database().read_first(sql, values![sink], |row| row.get::<Option<i64>>(0)).await?;
        Ok(next.flatten().map(Timestamp))
    }

    /// Adds messages that belong to no transition, in this order.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn add_deliveries(&self, new: &[NewDelivery], at: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.database().write().await?;
        for new in new {
            add(&mut writing, new, at).await?;
        }
        writing.commit().await
    }

    /// How many messages wait and were given up, by sink.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn outbox_counts(&self) -> Result<Vec<OutboxCount>, StoreError> {
        let sql = "SELECT sink, COUNT(CASE WHEN state = 'pending' THEN 1 END), COUNT(CASE WHEN state = 'dead' THEN 1 END), \
                   MIN(CASE WHEN state = 'pending' THEN created_us END) FROM outbox GROUP BY sink ORDER BY sink";
        let count = |row: &Row| {
            Ok(OutboxCount {
                sink: row.get(0)?,
                pending: row.get::<i64>(1)?.unsigned_abs(),
                dead: row.get::<i64>(2)?.unsigned_abs(),
                oldest_pending: row.get::<Option<i64>>(3)?.map(Timestamp),
            })
        };
        self.database().read(sql, &[], count).await
    }

    /// The messages of a stream (an alert), in order, with how they stand.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn deliveries(&self, stream: &str) -> Result<Vec<DeliveryRow>, StoreError> {
        let sql = select!("WHERE stream = $1 ORDER BY id");
        self.database().read(sql, values![stream], delivery_row).await
    }

    /// Messages that were given up, the newest first.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn dead_deliveries(&self, most: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        let sql = select!("WHERE state = 'dead' ORDER BY settled_us DESC, id DESC LIMIT $1");
        self.database().read(sql, values![i64::from(most)], delivery_row).await
    }

    /// When messages to this sink were given up that it took none after, in order.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn given_up_last(&self, sink: &str) -> Result<Vec<Timestamp>, StoreError> {
        let sql = "SELECT settled_us FROM outbox WHERE sink = $1 AND state = 'dead' AND settled_us > COALESCE(\
                   (SELECT MAX(settled_us) FROM outbox WHERE sink = $1 AND state = 'delivered'), 0) ORDER BY settled_us";
        self.database().read(sql, values![sink], |row| row.get(0).map(Timestamp)).await
    }

    /// Gives up all that waits for this sink; gives how many there were.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn give_up_deliveries(&self, sink: &str, why: &str, at: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE outbox SET state = 'dead', last_error = $2, settled_us = $3 \
                   WHERE sink = $1 AND state = 'pending'";
        let mut writing = self.database().write().await?;
        let given_up = writing.execute(sql, values![sink, why, at.0]).await?;
        writing.commit().await?;
        Ok(given_up)
    }

    /// Makes a message that was given up due again; `false` where it is none.
    ///
    /// # Errors
    /// As the database has them.
    pub async fn revive_delivery(&self, id: i64, due: Timestamp) -> Result<bool, StoreError> {
        let sql =
            "UPDATE outbox SET state = 'pending', next_us = $2, settled_us = NULL WHERE id = $1 AND state = 'dead'";
        let mut writing = self.database().write().await?;
        let changed = writing.execute(sql, values![id, due.0]).await?;
        writing.commit().await?;
        Ok(changed > 0)
    }
}
