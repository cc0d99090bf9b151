//! MQTT: the state of each rule's alert, kept by the broker, and whether this program is there.
//!
//! - `TOPIC/alerts/RULE`: the last payload of the rule's alert, retained, at least once (QoS 1).
//! - `TOPIC/status`: `online`, and by last will `offline`, retained.
//!
//! Each connection is a new one: what was not acknowledged on the one before is sent by whoever asked for it, so that
//! nothing old overtakes anything new.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rumqttc::{AsyncClient, ConnectReturnCode, Event, EventLoop, LastWill, MqttOptions, Packet, QoS};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::payload::Payload;
use super::sender::{Failure, Outgoing, Sender};
use crate::model::Timestamp;

/// The broker is pinged so often; after one and a half times that without, it publishes the last will.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Seconds between two looks at whether the connection is still there.
const KEEP_EVERY_S: f64 = 30.0;
/// Longest payload; a plan of many steps is some 20 kB.
const MOST_BYTES: usize = 1 << 20;
/// Requests and reports that may wait; there is one message at a time.
const MOST_WAITING: usize = 8;

const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

/// A broker.
pub(super) struct Broker {
    options: MqttOptions,
    topic: String,
    timeout: Duration,
    /// Open alerts by topic: a broker that keeps nothing over a restart is told again.
    open: Mutex<BTreeMap<String, String>>,
    connection: tokio::sync::Mutex<Option<Connection>>,
}

struct Connection {
    client: AsyncClient,
    reports: mpsc::Receiver<Report>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
enum Report {
    Connected,
    Acknowledged,
    Lost(String),
}

impl Broker {
    pub(super) fn new(
        (host, port): (&str, u16),
        topic: &str,
        login: Option<(String, String)>,
        id: &str,
        timeout: Duration,
    ) -> Self {
        // The same after a restart, so that the broker ends what is left of the connection before.
        let mut options = MqttOptions::new(format!("{topic}-{id}"), host, port);
        options.set_keep_alive(KEEP_ALIVE).set_max_packet_size(MOST_BYTES, MOST_BYTES);
        options.set_last_will(LastWill::new(status_topic(topic), OFFLINE, QoS::AtLeastOnce, true));
        if let Some((user, password)) = login {
            options.set_credentials(user, password);
        }
        Self { options, topic: topic.to_owned(), timeout, open: Mutex::default(), connection: Default::default() }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alert_topic(&self, payload: &Payload) -> String {
        format!("{}/alerts/{}", self.topic, payload.rule.id)
    }

    /// Connects, says that it is there and what is still so.
    async fn connect(&self) -> Result<Connection, Failure> {
        let (client, event_loop) = AsyncClient::new(self.options.clone(), MOST_WAITING);
        let (reporter, reports) = mpsc::channel(MOST_WAITING);
        let task = tokio::spawn(run(event_loop, reporter));
        let mut connection = Connection { client, reports, task };
        match self.report(&mut connection).await? {
            Report::Connected => {}
            Report::Acknowledged => return Err(Failure::retry("the broker acknowledged what it was not sent")),
            Report::Lost(reason) => return Err(Failure::retry(reason)),
        }
        self.publish(&mut connection, status_topic(&self.topic), ONLINE.to_owned()).await?;
        let open = self.open().clone();
        for (topic, body) in open {
            self.publish(&mut connection, topic, body).await?;
        }
        Ok(connection)
    }

    async fn report(&self, connection: &mut Connection) -> Result<Report, Failure> {
        let report = tokio::time::timeout(self.timeout, connection.reports.recv()).await;
        let report = report.map_err(|_| Failure::retry("no answer in time"))?;
        report.ok_or_else(|| Failure::retry("the connection was lost"))
    }

    async fn publish(&self, connection: &mut Connection, topic: String, body: String) -> Result<(), Failure> {
        let sent = connection.client.publish(topic, QoS::AtLeastOnce, true, body).await;
        sent.map_err(|_| Failure::retry("the connection was lost"))?;
        match self.report(connection).await? {
            Report::Acknowledged => Ok(()),
            Report::Connected => Err(Failure::retry("the connection was lost")),
            Report::Lost(reason) => Err(Failure::retry(reason)),
        }
    }

    /// Publishes over the connection that there is, or a new one. After a failure there is none.
    async fn tell(&self, topic: &str, body: &str) -> Result<(), Failure> {
        let mut held = self.connection.lock().await;
        let mut connection = match held.take() {
            Some(connection) if is_there(&connection) => connection,
            _ => self.connect().await?,
        };
        self.publish(&mut connection, topic.to_owned(), body.to_owned()).await?;
        *held = Some(connection);
        Ok(())
    }
}

fn is_there(connection: &Connection) -> bool {
    !connection.task.is_finished()
}

fn status_topic(topic: &str) -> String {
    format!("{topic}/status")
}

/// Keeps a connection alive until it is lost.
async fn run(mut event_loop: EventLoop, reporter: mpsc::Sender<Report>) {
    loop {
        let report = match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(answer))) if answer.code == ConnectReturnCode::Success => {
                Report::Connected
            }
            Ok(Event::Incoming(Packet::PubAck(_))) => Report::Acknowledged,
            Ok(_) => continue,
            Err(error) => Report::Lost(format!("no connection: {error}")),
        };
        let is_lost = matches!(report, Report::Lost(_));
        if reporter.try_send(report).is_err() || is_lost {
            return;
        }
    }
}

impl Sender for Broker {
    fn send<'a>(&'a self, message: Outgoing<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if message.body.len() + 256 > MOST_BYTES {
                return Err(Failure::refused(format!("{} bytes, more than a broker is sent", message.body.len())));
            }
            let topic = self.alert_topic(message.payload);
            self.tell(&topic, message.body).await?;
            if message.payload.level.is_some() {
                self.open().insert(topic, message.body.to_owned());
            } else {
                self.open().remove(&topic);
            }
            Ok(())
        })
    }

    /// The order of acknowledgements is that of messages.
    fn most_at_once(&self) -> usize {
        1
    }

    fn keep_every_s(&self) -> Option<f64> {
        Some(KEEP_EVERY_S)
    }

    fn restore(&self, open: Vec<(Payload, String)>) {
        let mut known = self.open();
        for (payload, body) in open.into_iter().filter(|(payload, _)| payload.level.is_some()) {
            known.insert(self.alert_topic(&payload), body);
        }
    }

    fn keep(&self, _now: Timestamp) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let mut held = self.connection.lock().await;
            if held.as_ref().is_none_or(|connection| !is_there(connection)) {
                *held = None;
                *held = Some(self.connect().await?);
            }
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut held = self.connection.lock().await;
            if let Some(mut connection) = held.take()
                && self.publish(&mut connection, status_topic(&self.topic), OFFLINE.to_owned()).await.is_ok()
            {
                // Without it the last will says the same once more.
                let _ = connection.client.disconnect().await;
                while connection.reports.recv().await.is_some() {}
            }
        })
    }
}
