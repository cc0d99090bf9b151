use proptest::prelude::*;

use super::*;
use crate::config::{PursuitPlan, ResponsePlan, SitePlan, StepKind, UnitPlan};
use crate::model::{CameraId, Measure, Place, Reading, ZoneId};
use Level::{Blue, Orange, Red, Yellow};

fn unit(id: &str) -> UnitId {
    UnitId::new(id).unwrap()
}

fn rule(id: &str) -> RuleId {
    RuleId::new(id).unwrap()
}

fn at(seconds: f64) -> Timestamp {
    Timestamp(1_795_489_200_000_000).plus_seconds(seconds)
}

fn step(id: &str, unit: Option<UnitId>, limit_s: Option<f64>) -> StepPlan {
    StepPlan { id: id.to_owned(), kind: StepKind::Other, text: id.to_owned(), text_zh: id.to_owned(), unit, limit_s }
}

/// District over sub-district; the site `bund` has a plan from yellow on and one for red.
fn response() -> Response {
    let bund = SiteId::new("bund").unwrap();
    let plan = |id: &str, level, steps| ResponsePlan {
        id: id.to_owned(),
        name: id.to_owned(),
        site: bund.clone(),
        level,
        steps,
    };
    let of = |id: &str, parent: Option<&str>, levels: &[Level]| UnitPlan {
        id: unit(id),
        name: id.to_owned(),
        parent: parent.map(unit),
        levels: levels.to_vec(),
    };
    Response {
        units: vec![of("district", None, &[Orange, Red]), of("quarter", Some("district"), &Level::ALL)],
        sites: vec![SitePlan {
            id: bund.clone(),
            name: "Bund".to_owned(),
            unit: Some(unit("quarter")),
            zones: Vec::new(),
            entrances: Vec::new(),
            capacity: None,
        }],
        plans: vec![
            plan("watch", Yellow, vec![step("patrol", None, Some(60.0)), step("broadcast", None, None)]),
            plan(
                "close",
                Red,
                vec![step("patrol", None, Some(60.0)), step("entrance", Some(unit("metro")), Some(120.0))],
            ),
        ],
        pursuit: PursuitPlan {
            blind_level: Blue,
            remind_every_s: Some(600.0),
            escalate_after_s: [None, None, Some(120.0), Some(30.0)],
            longest_shelf_s: 7200.0,
        },
    }
}

fn book() -> AlertBook {
    AlertBook::new(response(), [(rule("full"), SiteId::new("bund").unwrap())].into())
}

fn event(kind: AlertKind, at: Timestamp, since: Timestamp, from: Option<Level>, to: Option<Level>) -> AlertEvent {
    AlertEvent {
        at,
        rule: rule("full"),
        name: "Full".to_owned(),
        place: Place::Zone(CameraId::new("gate").unwrap(), ZoneId::new("plaza").unwrap()),
        measure: Measure::Density,
        kind,
        from,
        to,
        reading: Reading::Valid(2.0),
        threshold: None,
        source: "the test".to_owned(),
        since,
    }
}

fn raised(book: &mut AlertBook, seconds: f64, since: f64, to: Level) -> Vec<Notice> {
    book.observe(&event(AlertKind::Raised, at(seconds), at(since), None, Some(to)))
}

fn kinds(notices: &[Notice]) -> Vec<NoticeKind> {
    notices.iter().map(|notice| notice.kind).collect()
}

fn open_id(book: &AlertBook) -> AlertId {
    book.open().next().unwrap().id.clone()
}

#[test]
fn a_rise_is_told_to_the_units_of_its_level() {
    let mut book = book();
    let notices = raised(&mut book, 0.0, 0.0, Blue);
    assert_eq!((notices[0].number, notices[0].level, &notices[0].tell), (1, Some(Blue), &vec![unit("quarter")]));
    let notices = raised(&mut book, 5.0, 0.0, Orange);
    assert_eq!((notices[0].number, &notices[0].tell), (2, &vec![unit("district"), unit("quarter")]));
    // Who was told of the grave level hears of the rest.
    let lowered = book.observe(&event(AlertKind::Lowered, at(9.0), at(0.0), Some(Orange), Some(Blue)));
    assert_eq!(lowered[0].tell.len(), 2);
    let cleared = book.observe(&event(AlertKind::Cleared, at(10.0), at(0.0), Some(Blue), None));
    assert_eq!((cleared[0].number, cleared[0].level, cleared[0].tell.len()), (4, None, 2));
    assert_eq!(book.open().count(), 0);
}

#[test]
fn a_rule_without_a_site_tells_the_units_at_the_top() {
    let mut book = AlertBook::new(response(), BTreeMap::new());
    assert_eq!(raised(&mut book, 0.0, 0.0, Blue)[0].tell, [unit("district")]);
}

#[test]
fn who_does_not_answer_is_escalated_over_once_a_rise() {
    let mut book = book();
    raised(&mut book, 0.0, 0.0, Red);
    assert_eq!(kinds(&book.tick(at(29.0))), []);
    let notices = book.tick(at(30.0));
    assert_eq!((kinds(&notices), notices[0].tell.len()), (vec![NoticeKind::Escalated], 3), "the metro has a step");
    assert_eq!(kinds(&book.tick(at(31.0))), []);
}

#[test]
fn who_acknowledges_is_left_alone_until_it_gets_graver() {
    let mut book = book();
    raised(&mut book, 0.0, 0.0, Orange);
    let id = open_id(&book);
    assert_eq!(kinds(&book.act(at(10.0), &id, "li", Action::Acknowledge).unwrap()), [NoticeKind::Acknowledged]);
    assert_eq!(book.act(at(11.0), &id, "wang", Action::Acknowledge).unwrap(), [], "it is seen already");
    let late: Vec<_> =
        book.tick(at(5000.0)).into_iter().filter(|notice| notice.kind != NoticeKind::StepOverdue).collect();
    assert_eq!(late, []);
    raised(&mut book, 5001.0, 0.0, Red);
    assert!(book.open().next().unwrap().wants_attention());
    assert!(kinds(&book.tick(at(5031.0))).contains(&NoticeKind::Escalated));
}

#[test]
fn a_mild_alert_is_repeated_and_not_escalated() {
    let mut book = book();
    raised(&mut book, 0.0, 0.0, Blue);
    assert_eq!(kinds(&book.tick(at(599.0))), []);
    assert_eq!(kinds(&book.tick(at(600.0))), [NoticeKind::Reminder]);
    assert_eq!(kinds(&book.tick(at(1199.0))), []);
    assert_eq!(kinds(&book.tick(at(1200.0))), [NoticeKind::Reminder]);
}

#[test]
fn a_shelf_keeps_quiet_ends_by_itself_and_breaks_at_a_rise() {
    let shelve = |until| Action::Shelve { until: at(until), reason: "rehearsal".to_owned() };
    let mut book = book();
    raised(&mut book, 0.0, 0.0, Yellow);
    let id = open_id(&book);
    let notices = book.act(at(1.0), &id, "li", shelve(3600.0)).unwrap();
    assert_eq!((notices[0].kind, notices[0].until), (NoticeKind::Shelved, Some(at(3600.0))));
    let stale = book.observe(&event(AlertKind::Stale, at(2.0), at(0.0), Some(Yellow), Some(Yellow)));
    assert!(!stale[0].goes_out, "kept, not told");
    let quiet = book.tick(at(3599.0));
    assert!(quiet.iter().all(|notice| !notice.goes_out), "{quiet:?}");
    assert_eq!(kinds(&book.tick(at(3600.0))), [NoticeKind::Unshelved]);
    book.act(at(3601.0), &id, "li", shelve(7200.0)).unwrap();
    let rise = raised(&mut book, 3602.0, 0.0, Red);
    assert!(rise[0].goes_out && book.open().next().unwrap().shelved.is_none());
}

#[test]
fn what_cannot_be_done_says_why_and_changes_nothing() {
    let mut book = book();
    raised(&mut book, 0.0, 0.0, Red);
    let (id, before) = (open_id(&book), book.open().cloned().collect::<Vec<_>>());
    let shelve = |until, reason: &str| Action::Shelve { until: at(until), reason: reason.to_owned() };
    let step = |step: &str, state| Action::Step { step: step.to_owned(), state, note: None };
    for (action, says) in [
        (shelve(100.0, " "), "the reason is empty: say why, so that others can judge it"),
        (
            shelve(0.5, "x"),
            "the shelf would end at 2026-11-24T03:00:00.500000Z, which is over: expected a time to come",
        ),
        (
            shelve(9000.0, "x"),
            "the shelf would last 8999 s, at most 7200 s are allowed: shelve it anew when that is over",
        ),
        (Action::Comment { text: String::new() }, "the comment is empty: say why, so that others can judge it"),
        (Action::Unshelve, "the alert full.1795489200000000 is not shelved"),
        (
            step("dance", StepState::Done),
            "found no step \"dance\" in the alert's plan, expected one of: patrol, entrance",
        ),
        (step("patrol", StepState::Waiting), "the step \"patrol\" is waiting: it can't become waiting"),
    ] {
        assert_eq!(book.act(at(1.0), &id, "li", action).unwrap_err().to_string(), says);
    }
    let gone = AlertId::new(&rule("full"), at(7.0));
    assert!(matches!(book.act(at(1.0), &gone, "li", Action::Acknowledge), Err(ActFault::NotOpen(_))));
    assert_eq!(book.open().cloned().collect::<Vec<_>>(), before);
}

#[test]
fn the_plan_comes_with_the_level_and_what_is_done_stays_done() {
    let mut book = book();
    raised(&mut book, 0.0, 0.0, Blue);
    assert_eq!(book.open().next().unwrap().plan, None);
    raised(&mut book, 1.0, 0.0, Orange);
    let id = open_id(&book);
    let steps = |book: &AlertBook| -> Vec<_> {
        book.open().next().unwrap().steps.iter().map(|step| (step.step.clone(), step.state)).collect()
    };
    assert_eq!(steps(&book), [("patrol".into(), StepState::Waiting), ("broadcast".into(), StepState::Waiting)]);
    let done =
        Action::Step { step: "patrol".to_owned(), state: StepState::Done, note: Some("two officers".to_owned()) };
    let notices = book.act(at(20.0), &id, "li", done).unwrap();
    assert_eq!(notices[0].step, Some(("patrol".to_owned(), StepState::Done)));
    raised(&mut book, 30.0, 0.0, Red);
    assert_eq!(steps(&book), [("patrol".into(), StepState::Done), ("entrance".into(), StepState::Waiting)]);
    assert_eq!(kinds(&book.tick(at(149.0))), [NoticeKind::Escalated]);
    let late = book.tick(at(150.0));
    assert_eq!(
        (kinds(&late), &late[0].step),
        (vec![NoticeKind::StepOverdue], &Some(("entrance".to_owned(), StepState::Waiting)))
    );
    assert!(late[0].tell.contains(&unit("metro")));
    // What the measure reads a while after a step was done goes on record once.
    let effects = |book: &mut AlertBook, now: f64| -> Vec<_> {
        let all = book.tick(at(now)).into_iter().filter(|notice| notice.kind == NoticeKind::StepEffect);
        all.map(|notice| (notice.step.unwrap().0, notice.goes_out)).collect()
    };
    assert_eq!(effects(&mut book, 319.0), []);
    assert_eq!(effects(&mut book, 320.0), [("patrol".to_owned(), false)]);
    assert_eq!(effects(&mut book, 321.0), []);
}

/// What may happen, with the seconds that pass before it.
#[derive(Debug, Clone)]
enum Happening {
    Event(AlertKind, Level),
    Act(Action),
    Tick,
}

fn happening() -> impl Strategy<Value = (u32, Happening)> {
    let kind = prop_oneof![
        3 => Just(AlertKind::Raised), 1 => Just(AlertKind::Lowered), 1 => Just(AlertKind::Cleared),
        1 => Just(AlertKind::Stale), 1 => Just(AlertKind::Fresh)
    ];
    let level = prop_oneof![Just(Blue), Just(Yellow), Just(Orange), Just(Red)];
    let state = prop_oneof![Just(StepState::Started), Just(StepState::Done), Just(StepState::Skipped)];
    let step = prop_oneof![Just("patrol"), Just("broadcast"), Just("entrance")];
    let action = prop_oneof![
        Just(Action::Acknowledge),
        (0u32..8000).prop_map(|s| Action::Shelve { until: at(f64::from(s)), reason: "quiet".to_owned() }),
        Just(Action::Unshelve),
        Just(Action::Escalate),
        Just(Action::Comment { text: "seen".to_owned() }),
        (step, state).prop_map(|(step, state)| Action::Step { step: step.to_owned(), state, note: None }),
    ];
    let what = prop_oneof![
        3 => (kind, level).prop_map(|(kind, level)| Happening::Event(kind, level)),
        2 => action.prop_map(Happening::Act),
        3 => Just(Happening::Tick),
    ];
    (0u32..400, what)
}

/// Plays it; only events that a rule can give in that state are played. After each happening `each` is called.
fn play(happenings: &[(u32, Happening)], mut each: impl FnMut(&mut AlertBook)) -> Vec<Notice> {
    let (mut book, mut now, mut since, mut told) = (book(), 0.0, 0.0, Vec::new());
    for (seconds, what) in happenings {
        now += f64::from(*seconds) + 1.0;
        let open = book.open().next().map(|alert| (alert.level, alert.stale, alert.id.clone()));
        match (what, open) {
            (Happening::Tick, _) => told.extend(book.tick(at(now))),
            (Happening::Event(AlertKind::Raised, to), open) if open.as_ref().is_none_or(|open| *to > open.0) => {
                since = if open.is_none() { now } else { since };
                told.extend(raised(&mut book, now, since, *to));
            }
            (Happening::Event(kind @ (AlertKind::Lowered | AlertKind::Cleared), to), Some((level, false, _))) => {
                let to = (*kind == AlertKind::Lowered).then_some(*to);
                if to.is_none_or(|to| to < level) {
                    told.extend(book.observe(&event(*kind, at(now), at(since), Some(level), to)));
                }
            }
            (Happening::Event(kind @ (AlertKind::Stale | AlertKind::Fresh), _), Some((level, stale, _)))
                if stale == (*kind == AlertKind::Fresh) =>
            {
                told.extend(book.observe(&event(*kind, at(now), at(since), Some(level), Some(level))));
            }
            (Happening::Act(action), Some((_, _, id))) => {
                told.extend(book.act(at(now), &id, "li", action.clone()).unwrap_or_default());
            }
            _ => {}
        }
        each(&mut book);
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn entries_are_numbered_without_a_gap_and_end_with_the_alert(happenings in proptest::collection::vec(happening(), 0..40)) {
        let told = play(&happenings, |_| {});
        prop_assert!(told.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let mut alerts: BTreeMap<AlertId, Vec<&Notice>> = BTreeMap::new();
        told.iter().for_each(|notice| alerts.entry(notice.alert.clone()).or_default().push(notice));
        for notices in alerts.values() {
            prop_assert!(notices.iter().zip(1..).all(|(notice, number)| notice.number == number));
            prop_assert_eq!(notices[0].kind, NoticeKind::Raised);
            let ends = notices.iter().filter(|notice| notice.kind == NoticeKind::Cleared).count();
            prop_assert!(ends <= 1);
            prop_assert!(ends == 0 || notices.last().is_some_and(|last| last.kind == NoticeKind::Cleared && last.level.is_none()));
        }
    }

    #[test]
    fn a_rise_and_an_end_always_go_out_and_somebody_is_told(happenings in proptest::collection::vec(happening(), 0..40)) {
        for notice in play(&happenings, |_| {}) {
            if matches!(notice.kind, NoticeKind::Raised | NoticeKind::Cleared | NoticeKind::Escalated) {
                prop_assert!(notice.goes_out && !notice.tell.is_empty(), "{:?}", notice);
            }
        }
    }

    #[test]
    fn a_restart_anywhere_changes_nothing(happenings in proptest::collection::vec(happening(), 0..40)) {
        let straight = play(&happenings, |_| {});
        let restarted = play(&happenings, |book| {
            let mut again = AlertBook::new(response(), [(rule("full"), SiteId::new("bund").unwrap())].into());
            for alert in book.open() {
                let text = serde_json::to_string(alert).unwrap();
                again.restore(serde_json::from_str(&text).unwrap());
            }
            assert!(again.open().eq(book.open()));
            *book = again;
        });
        prop_assert_eq!(straight, restarted);
    }

    #[test]
    fn nobody_is_pressed_who_has_answered(happenings in proptest::collection::vec(happening(), 0..40)) {
        let mut answered = false;
        for notice in play(&happenings, |_| {}) {
            match notice.kind {
                NoticeKind::Raised => answered = false,
                NoticeKind::Acknowledged => answered = true,
                NoticeKind::Escalated if notice.who.is_none() => prop_assert!(!answered, "{:?}", notice),
                NoticeKind::Reminder => prop_assert!(!answered, "{:?}", notice),
                _ => {}
            }
        }
    }

    #[test]
    fn red_that_nobody_answers_is_escalated_in_time(happenings in proptest::collection::vec(happening(), 0..40)) {
        let mut now = 0.0;
        let mut calls = happenings.iter();
        play(&happenings, |book| {
            now += f64::from(calls.next().unwrap().0) + 1.0;
            // A tick was due at the latest now.
            book.tick(at(now));
            for alert in book.open() {
                let waits = alert.level == Red && alert.wants_attention() && alert.escalated.is_none();
                assert!(!waits || at(now) < alert.waiting_since.plus_seconds(30.0));
            }
        });
    }
}
