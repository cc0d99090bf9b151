//! Users, sessions, tokens and the link that makes the first admin.

use std::sync::Arc;

use crowdflow::accounts::{AccountFault, Accounts};
use crowdflow::model::{AccessScope, Role, SiteId, Timestamp, UnitId};
use crowdflow::store::{AuditRow, FirstAdmin, NewApiToken, NewSession, Store, UserChange, UserChanged, UserRow};

use super::{Site, at, on_both};

on_both!(
    users_are_added_and_changed_and_it_is_on_record,
    the_last_admin_stays,
    sessions_end_with_their_time_and_with_what_changes_a_user,
    tokens_are_of_a_user,
    the_first_admin_is_made_once,
    a_scope_that_nobody_wrote_is_an_error,
    a_name_that_no_store_can_hold_is_nobodys,
);

fn user(name: &str, role: Role) -> UserRow {
    UserRow {
        name: name.to_owned(),
        password_hash: format!("$argon2id$ of {name}"),
        role,
        scope: AccessScope::All,
        disabled: false,
        created: at(0.0),
    }
}

fn deed(kind: &str, seconds: f64) -> AuditRow {
    AuditRow {
        at: at(seconds),
        who: "王警官".to_owned(),
        kind: kind.to_owned(),
        subject: "li".to_owned(),
        detail: String::new(),
    }
}

async fn kinds(store: &Store) -> Vec<String> {
    let rows = store.audit(Timestamp(0), Timestamp(i64::MAX), 100).await.unwrap();
    rows.into_iter().rev().map(|row| row.kind).collect()
}

fn session(user: &str, token: &str, expires: f64) -> NewSession {
    NewSession {
        token_sha256: token.to_owned(),
        user: user.to_owned(),
        created: at(1.0),
        expires: at(expires),
        address: "192.0.2.7".to_owned(),
        user_agent: "Browser".to_owned(),
    }
}

async fn a_name_that_no_store_can_hold_is_nobodys(site: Site) {
    let plan = Arc::new(crate::made_up_service::plan());
    let accounts = Accounts::new(site.open().await, plan, Arc::new(|| at(0.0))).unwrap();
    let signed_in = accounts.sign_in("li\0", "correct horse", "192.0.2.7", "Browser").await;
    assert!(matches!(signed_in, Err(AccountFault::WrongLogin)), "{signed_in:?}");
}

async fn users_are_added_and_changed_and_it_is_on_record(site: Site) {
    let store = site.open().await;
    let scope = AccessScope::Only {
        sites: [SiteId::new("bund").unwrap(), SiteId::new("a").unwrap()].into(),
        units: [UnitId::new("district").unwrap()].into(),
    };
    let li = UserRow { scope, ..user("李警官", Role::Operator) };
    assert!(store.add_user(&li, &deed("user_added", 0.0)).await.unwrap());
    assert_eq!(store.user("李警官").await.unwrap(), Some(li.clone()));
    assert!(!store.add_user(&user("李警官", Role::Admin), &deed("user_added", 1.0)).await.unwrap(), "there is one");
    assert_eq!(store.user("李警官").await.unwrap(), Some(li.clone()));
    assert_eq!(kinds(&store).await, ["user_added"], "what was not done is not on record");
    let change = UserChange { role: Some(Role::Planner), ..UserChange::default() };
    assert_eq!(store.change_user("李警官", &change, &deed("user_changed", 2.0)).await.unwrap(), UserChanged::Done);
    let change = UserChange { password_hash: Some("new".to_owned()), disabled: Some(true), ..UserChange::default() };
    assert_eq!(store.change_user("李警官", &change, &deed("user_changed", 3.0)).await.unwrap(), UserChanged::Done);
    let expected = UserRow { role: Role::Planner, password_hash: "new".to_owned(), disabled: true, ..li };
    assert_eq!(store.users().await.unwrap(), [expected]);
    let nobody = store.change_user("nobody", &change, &deed("user_changed", 4.0)).await.unwrap();
    assert_eq!(nobody, UserChanged::NoSuchUser);
    assert_eq!(kinds(&store).await, ["user_added", "user_changed", "user_changed"]);
}

async fn the_last_admin_stays(site: Site) {
    let store = site.open().await;
    assert!(!store.has_admin().await.unwrap());
    store.add_user(&user("a", Role::Admin), &deed("user_added", 0.0)).await.unwrap();
    store.add_user(&user("b", Role::Admin), &deed("user_added", 1.0)).await.unwrap();
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    let less = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    assert_eq!(store.change_user("a", &off, &deed("user_changed", 2.0)).await.unwrap(), UserChanged::Done);
    assert_eq!(store.change_user("b", &off, &deed("user_changed", 3.0)).await.unwrap(), UserChanged::LastAdmin);
    assert_eq!(store.change_user("b", &less, &deed("user_changed", 4.0)).await.unwrap(), UserChanged::LastAdmin);
    assert!(store.has_admin().await.unwrap());
    assert_eq!(store.user("b").await.unwrap(), Some(user("b", Role::Admin)), "nothing of it holds");
    assert_eq!(kinds(&store).await.len(), 3);
}

async fn sessions_end_with_their_time_and_with_what_changes_a_user(site: Site) {
    let store = site.open().await;
    store.add_user(&user("li", Role::Viewer), &deed("user_added", 0.0)).await.unwrap();
    store.add_user(&user("wang", Role::Viewer), &deed("user_added", 0.5)).await.unwrap();
    let one = store.add_session(&session("li", "one", 100.0), &deed("login", 1.0)).await.unwrap();
    let two = store.add_session(&session("li", "two", 200.0), &deed("login", 2.0)).await.unwrap();
    let other = store.add_session(&session("wang", "three", 200.0), &deed("login", 3.0)).await.unwrap();
    let (row, whose) = store.session("one").await.unwrap().unwrap();
    assert_eq!((row.id, row.seen, row.expires, whose), (one, at(1.0), at(100.0), user("li", Role::Viewer)));
    assert_eq!((row.address.as_str(), row.user_agent.as_str()), ("192.0.2.7", "Browser"));
    assert!(store.session("nothing").await.unwrap().is_none());
    store.session_was_used(one, at(60.0)).await.unwrap();
    assert_eq!(store.session("one").await.unwrap().unwrap().0.seen, at(60.0));
    let ids = async |user, now| store.sessions(user, at(now)).await.unwrap().iter().map(|s| s.id).collect::<Vec<_>>();
    assert_eq!(ids(Some("li"), 50.0).await, [two, one]);
    assert_eq!(ids(None, 100.0).await, [other, two]);
    assert!(!store.end_session(other, Some("li"), &deed("session_ended", 4.0)).await.unwrap(), "somebody else's");
    assert!(store.end_session(other, None, &deed("session_ended", 5.0)).await.unwrap());
    assert!(!store.end_session(other, None, &deed("session_ended", 6.0)).await.unwrap());
    // Whoever changes the password stays; others who may have had it don't.
    let change = UserChange { password_hash: Some("new".to_owned()), keep_session: Some(two), ..UserChange::default() };
    store.change_user("li", &change, &deed("user_changed", 7.0)).await.unwrap();
    assert_eq!(ids(None, 0.0).await, [two]);
    let late = NewSession { created: at(200.0), ..session("li", "four", 300.0) };
    let four = store.add_session(&late, &deed("login", 8.0)).await.unwrap();
    assert_eq!(ids(None, 0.0).await, [four], "those that are over are cleared away");
    let again = store.add_session(&late, &deed("login", 9.0)).await;
    assert!(again.is_err(), "a token is one session's");
}

async fn tokens_are_of_a_user(site: Site) {
    let store = site.open().await;
    store.add_user(&user("li", Role::Operator), &deed("user_added", 0.0)).await.unwrap();
    let new = |name: &str, token: &str| NewApiToken {
        token_sha256: token.to_owned(),
        user: "li".to_owned(),
        name: name.to_owned(),
        role: Role::Viewer,
        scope: AccessScope::Only { sites: [SiteId::new("bund").unwrap()].into(), units: [].into() },
        created: at(1.0),
        expires: at(100.0),
    };
    let wall = store.add_api_token(&new("wall", "one"), &deed("token_made", 1.0)).await.unwrap().unwrap();
    assert_eq!(store.add_api_token(&new("wall", "two"), &deed("token_made", 2.0)).await.unwrap(), None);
    let (row, whose) = store.api_token("one").await.unwrap().unwrap();
    assert_eq!((row.id, row.name.as_str(), row.role, row.expires), (wall, "wall", Role::Viewer, at(100.0)));
    assert_eq!((row.scope, whose.role), (new("", "").scope, Role::Operator));
    assert_eq!(store.api_tokens(Some("li")).await.unwrap().len(), 1);
    assert_eq!(store.api_tokens(Some("wang")).await.unwrap(), []);
    assert!(!store.end_api_token(wall, Some("wang"), &deed("token_ended", 3.0)).await.unwrap());
    assert!(store.end_api_token(wall, Some("li"), &deed("token_ended", 4.0)).await.unwrap());
    assert!(store.api_token("one").await.unwrap().is_none());
    assert_eq!(kinds(&store).await, ["user_added", "token_made", "token_ended"]);
}

async fn the_first_admin_is_made_once(site: Site) {
    let store = site.open().await;
    let admin = |seconds: f64| UserRow { created: at(seconds), ..user("chief", Role::Admin) };
    let make =
        async |token: &str, seconds| store.add_first_admin(token, &admin(seconds), &deed("user_added", seconds)).await;
    assert_eq!(make("link", 1.0).await.unwrap(), FirstAdmin::WrongLink, "none was given out");
    store.set_setup_link("old", at(3600.0)).await.unwrap();
    store.set_setup_link("link", at(3600.0)).await.unwrap();
    assert_eq!(make("old", 2.0).await.unwrap(), FirstAdmin::WrongLink, "a newer one was given out");
    assert_eq!(make("link", 3600.0).await.unwrap(), FirstAdmin::WrongLink, "too late");
    assert_eq!(kinds(&store).await, Vec::<String>::new());
    assert_eq!(make("link", 3.0).await.unwrap(), FirstAdmin::Made);
    assert_eq!(store.user("chief").await.unwrap(), Some(admin(3.0)));
    store.set_setup_link("next", at(3600.0)).await.unwrap();
    assert_eq!(make("next", 4.0).await.unwrap(), FirstAdmin::IsThere);
    assert_eq!(kinds(&store).await, ["user_added"]);
}

async fn a_scope_that_nobody_wrote_is_an_error(site: Site) {
    let store = site.open().await;
    store.add_user(&user("li", Role::Viewer), &deed("user_added", 0.0)).await.unwrap();
    site.run("UPDATE user_account SET scope = 'everything'").await;
    let error = store.user("li").await.unwrap_err();
    assert!(error.to_string().contains("`everything` is no part of a scope"), "{error}");
}
