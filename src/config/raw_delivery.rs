//! Destinations as written: see [`super::raw`].

use serde::Deserialize;

use super::number::Number;
use super::raw::{Expected, RawCredentials, Table, expected};

/// `[destinations.ID]`: exactly one of its tables.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDestination {
    pub webhook: Option<Table<RawWebhook>>,
    pub alertmanager: Option<Table<RawAlertmanager>>,
    pub mqtt: Option<Table<RawMqtt>>,
    pub email: Option<Table<RawEmail>>,
    pub wecom: Option<Table<RawWecom>>,
    pub dingtalk: Option<Table<RawDingtalk>>,
    pub feishu: Option<Table<RawFeishu>>,
    pub units: Option<Vec<String>>,
    pub from_level: Option<String>,
    pub language: Option<String>,
    pub retry_for_s: Option<Number>,
    pub timeout_s: Option<Number>,
}

/// `[destinations.ID.webhook]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWebhook {
    pub url: Option<String>,
    pub url_env: Option<String>,
    pub url_file: Option<String>,
    pub secret_env: Option<String>,
    pub secret_file: Option<String>,
}

/// `[destinations.ID.alertmanager]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAlertmanager {
    pub url: Option<String>,
    pub credentials: Option<Table<RawCredentials>>,
}

/// `[destinations.ID.mqtt]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMqtt {
    pub url: Option<String>,
    pub topic: Option<String>,
    pub credentials: Option<Table<RawCredentials>>,
}

/// `[destinations.ID.email]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawEmail {
    pub server: Option<String>,
    pub from: Option<String>,
    pub to: Option<Vec<String>>,
    pub tls: Option<String>,
    pub credentials: Option<Table<RawCredentials>>,
}

/// `[destinations.ID.wecom]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWecom {
    pub key_env: Option<String>,
    pub key_file: Option<String>,
    pub base_url: Option<String>,
}

/// `[destinations.ID.dingtalk]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDingtalk {
    pub token_env: Option<String>,
    pub token_file: Option<String>,
    pub secret_env: Option<String>,
    pub secret_file: Option<String>,
    pub base_url: Option<String>,
}

/// `[destinations.ID.feishu]`
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawFeishu {
    pub hook_env: Option<String>,
    pub hook_file: Option<String>,
    pub secret_env: Option<String>,
    pub secret_file: Option<String>,
    pub base_url: Option<String>,
}

expected! {
    RawDestination: "a table such as [destinations.ID.webhook]",
    RawWebhook: "a table with url",
    RawAlertmanager: "a table with url",
    RawMqtt: "a table with url",
    RawEmail: "a table with server, from and to",
    RawWecom: "a table with key_env or key_file",
    RawDingtalk: "a table with token_env or token_file",
    RawFeishu: "a table with hook_env or hook_file",
}
