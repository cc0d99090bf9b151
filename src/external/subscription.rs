//! A topic of an MQTT broker that a source's counts are published on.

use std::time::Duration;

use rumqttc::{AsyncClient, ConnectReturnCode, Event, MqttOptions, Packet, QoS, SubscribeReasonCode};
use tokio::sync::mpsc::Sender;

use crate::config::{Access, Credentials, ExternalSourcePlan};

/// The broker is pinged so often; a connection without an answer is lost.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Waits between attempts: doubled from the first to the longest, and begun anew once the topic could be read.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Requests that may wait: there is one, to subscribe.
const MOST_WAITING: usize = 2;

/// What comes of a subscription.
#[derive(Debug)]
pub enum Link {
    /// The broker gives what is published from now on.
    Up,
    /// A message.
    Message(Vec<u8>),
    /// There is no connection, or no leave to read the topic; it is tried again.
    Down(String),
}

/// Tells everything that is published on a source's topic, until nobody listens; `most_bytes` bounds a message. Each
/// connection is a new one, and subscribes again. Ends at once for a source that doesn't come over MQTT, or whose password is
/// missing.
pub async fn subscribe(plan: ExternalSourcePlan, most_bytes: usize, links: Sender<Link>) {
    let Access::Mqtt { host, port, topic, credentials } = &plan.access else { return };
    // The same after a restart, so that the broker ends what is left of the connection before.
    let mut options = MqttOptions::new(format!("crowdflow-{}", plan.id), host, *port);
    // Topic and header come on top of a payload.
    options.set_keep_alive(KEEP_ALIVE).set_max_packet_size(most_bytes + topic.len() + 16, most_bytes);
    match credentials {
        Credentials::None => {}
        Credentials::Known { user, password } => {
            options.set_credentials(user, password);
        }
        Credentials::Missing(_) => return,
    }
    let mut wait = FIRST_WAIT;
    loop {
        let lost = listen(options.clone(), topic, &links).await;
        if lost.was_up {
            wait = FIRST_WAIT;
        }
        if links.send(Link::Down(format!("mqtt://{host}:{port}: {}", lost.why))).await.is_err() {
            return;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// A connection that is no more, or never was.
struct Lost {
    was_up: bool,
    why: String,
}

/// Listens until the connection is lost.
async fn listen(options: MqttOptions, topic: &str, links: &Sender<Link>) -> Lost {
    let (client, mut event_loop) = AsyncClient::new(options, MOST_WAITING);
    let mut was_up = false;
    let why = loop {
        let link = match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(answer))) if answer.code == ConnectReturnCode::Success => {
                match client.try_subscribe(topic, QoS::AtLeastOnce) {
                    Ok(()) => continue,
                    Err(error) => break error.to_string(),
                }
            }
            Ok(Event::Incoming(Packet::SubAck(answer))) => {
                if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                    break format!("the broker gives no leave to read {topic:?}");
                }
                was_up = true;
                Link::Up
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => Link::Message(publish.payload.to_vec()),
            Ok(_) => continue,
            Err(error) => break error.to_string(),
        };
        if links.send(link).await.is_err() {
            break "nobody listens any more".to_owned();
        }
    };
    Lost { was_up, why }
}
