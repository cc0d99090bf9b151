//! `crowdflow user`: who may use the service, also while it runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::failure::Unavailable;
use super::output::print;
use crate::accounts::{check_name, check_password, hash_password};
use crate::model::{AccessScope, Role, SiteId, UnitId};
use crate::sink::delivery::{Clock as _, SystemClock};
use crate::store::{AuditRow, Store, UserChange, UserChanged, UserRow};

/// Look after users in the store, also while the service runs: a change holds within 5 s.
#[derive(Debug, Args)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

/// `STORE` as all of them have it.
#[derive(Debug, Args)]
struct InStore {
    /// The store's file, or postgres://USER@HOST:PORT/DATABASE (its password in PGPASSWORD or ~/.pgpass).
    #[arg(value_name = "STORE")]
    store: String,
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    store: InStore,
    /// The user's name, as the log-in page takes it.
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user. The password is asked for, or read from standard input: one line.
    Add {
        #[command(flatten)]
        named: Named,
        /// What the user may do.
        #[arg(long, value_enum)]
        role: RoleArg,
        /// Only this site; may be given several times. Without --site and --unit: everything.
        #[arg(long, value_name = "ID")]
        site: Vec<SiteId>,
        /// Only what this unit, and those below it, look after; may be given several times.
        #[arg(long, value_name = "ID")]
        unit: Vec<UnitId>,
    },
    /// List users.
    List {
        #[command(flatten)]
        store: InStore,
        /// Write JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Let a user log in no more. Sessions end, tokens hold no more; the name stays on record.
    Disable {
        #[command(flatten)]
        named: Named,
    },
    /// Let a disabled user log in again.
    Enable {
        #[command(flatten)]
        named: Named,
    },
    /// Set another password. It is asked for, or read from standard input: one line. Sessions end.
    Password {
        #[command(flatten)]
        named: Named,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArg {
    /// Looks on.
    Viewer,
    /// Acts on alerts.
    Operator,
    /// Profiles and drills, too.
    Planner,
    /// Looks after users, too.
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Self::Viewer,
            RoleArg::Operator => Self::Operator,
            RoleArg::Planner => Self::Planner,
            RoleArg::Admin => Self::Admin,
        }
    }
}

pub(super) fn run(args: &UserArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.command {
        UserCommand::Add { named, role, site, unit } => {
            let role = Role::from(*role);
            let is_all = site.is_empty() && unit.is_empty();
            if role == Role::Admin && !is_all {
                bail!("an admin has to do with everything: leave --site and --unit out, or choose another role");
            }
            check_name(&named.name)?;
            let (sites, units): (BTreeSet<_>, BTreeSet<_>) =
                (site.iter().cloned().collect(), unit.iter().cloned().collect());
            let scope = if is_all { AccessScope::All } else { AccessScope::Only { sites, units } };
            let add = async {
                let store = open(&named.store).await?;
                let user = UserRow {
                    name: named.name.clone(),
                    password_hash: hash_password(&password()?)?,
                    role,
                    scope,
                    disabled: false,
                    created: SystemClock.now(),
                };
                let is_new = store.add_user(&user, &deed("user_added", &user.name, role.as_str())).await?;
                store.close().await;
                anyhow::Ok(is_new)
            };
            if !runtime.block_on(add)? {
                bail!("there is a user {:?} already: `crowdflow user password` sets another password", named.name);
            }
            Ok(print(&format!("{}: added, {}\n", named.name, role.as_str()))?)
        }
        UserCommand::List { store, json } => {
            let users = runtime.block_on(async { anyhow::Ok(open(store).await?.users().await?) })?;
            Ok(print(&if *json { as_json(&users)? } else { as_text(&users) })?)
        }
        UserCommand::Disable { named } => {
            let change = UserChange { disabled: Some(true), ..UserChange::default() };
            runtime.block_on(changed(named, async |_| Ok(change), "disabled"))
        }
        UserCommand::Enable { named } => {
            let change = UserChange { disabled: Some(false), ..UserChange::default() };
            runtime.block_on(changed(named, async |_| Ok(change), "enabled"))
        }
        UserCommand::Password { named } => {
            let new = async |store: &Store| {
                if store.user(&named.name).await?.is_none() {
                    bail!("there is no user {:?}: `crowdflow user list` says who there is", named.name);
                }
                Ok(UserChange { password_hash: Some(hash_password(&password()?)?), ..UserChange::default() })
            };
            runtime.block_on(changed(named, new, "a new password"))
        }
    }
}

async fn open(store: &InStore) -> anyhow::Result<Store> {
    Ok(super::store::open(&store.store).await?)
}

async fn changed(
    named: &Named,
    change: impl AsyncFnOnce(&Store) -> anyhow::Result<UserChange>,
    said: &str,
) -> anyhow::Result<()> {
    let Named { store, name } = named;
    let store = open(store).await?;
    let change = change(&store).await?;
    let came = store.change_user(name, &change, &deed("user_changed", name, said)).await?;
    store.close().await;
    match came {
        UserChanged::Done => Ok(print(&format!("{name}: {said}\n"))?),
        UserChanged::NoSuchUser => bail!("there is no user {name:?}: `crowdflow user list` says who there is"),
        UserChanged::LastAdmin => bail!("{name:?} is the last admin: make another one first"),
    }
}

/// For the audit.
fn deed(kind: &str, name: &str, detail: &str) -> AuditRow {
    let user = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    AuditRow {
        at: SystemClock.now(),
        who: format!("the command line ({user})"),
        kind: kind.to_owned(),
        subject: name.to_owned(),
        detail: detail.to_owned(),
    }
}

/// A password never is an argument: whoever lists the machine's processes would read it.
fn password() -> anyhow::Result<String> {
    let password = if std::io::stdin().is_terminal() {
        let ask = |prompt| rpassword::prompt_password(prompt).context("the password can't be read from the terminal");
        let password = ask("Password: ")?;
        check_password(&password)?;
        if ask("Once more: ")? != password {
            bail!("the two differ");
        }
        password
    } else {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.map_err(|error| Unavailable(format!("the password can't be read from standard input: {error}")))?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    check_password(&password)?;
    Ok(password)
}

fn as_json(users: &[UserRow]) -> serde_json::Result<String> {
    let user = |user: &UserRow| {
        serde_json::json!({
            "name": user.name, "role": user.role, "scope": user.scope, "disabled": user.disabled,
            "created": user.created.to_rfc3339(),
        })
    };
    Ok(serde_json::to_string_pretty(&users.iter().map(user).collect::<Vec<_>>())? + "\n")
}

fn as_text(users: &[UserRow]) -> String {
    if users.is_empty() {
        return "no users\n".to_owned();
    }
    let mut text = String::new();
    for user in users {
        let disabled = if user.disabled { ", disabled" } else { "" };
        // Writing into a string can't fail.
        let _ = writeln!(text, "{}: {}, {}{disabled}", user.name, user.role.as_str(), user.scope);
    }
    text
}
