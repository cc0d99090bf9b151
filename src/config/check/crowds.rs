//! A zone's limits of standing groups, gatherings, dispersals and surges.

use super::{Checker, Fault, FaultKind, KeyPath, defaults};
use crate::config::raw::{RawDispersal, RawGathering, RawGroups, RawSurge};
use crate::config::{DispersalPlan, GatheringPlan, GroupsPlan, SurgePlan};

pub(super) fn groups(checker: &mut Checker<'_>, raw: &RawGroups, path: &KeyPath) -> Option<GroupsPlan> {
    let default = GroupsPlan::default();
    let mut number = |key: &str, raw, range, default| checker.number_or(&path.key(key), raw, range, default);
    let slower_than_mps =
        number("slower_than_mps", raw.slower_than_mps, defaults::STANDING_MPS, default.slower_than_mps);
    let standing_for_s = number("standing_for_s", raw.standing_for_s, defaults::CROWD_HOLD_S, default.standing_for_s);
    let within_m = number("within_m", raw.within_m, defaults::GROUP_M, default.within_m);
    let least_people = number("least_people", raw.least_people, defaults::GROUP_PEOPLE, default.least_people as f64);
    Some(GroupsPlan {
        slower_than_mps: slower_than_mps?,
        standing_for_s: standing_for_s?,
        within_m: within_m?,
        least_people: least_people? as usize,
    })
}

/// `groups`: those of the same zone, of which a gathering is one that grows.
pub(super) fn gathering(
    checker: &mut Checker<'_>,
    raw: &RawGathering,
    path: &KeyPath,
    groups: Option<GroupsPlan>,
) -> Option<GatheringPlan> {
    let default = GatheringPlan::default();
    let mut number = |key: &str, raw, range, default| checker.number_or(&path.key(key), raw, range, default);
    let least_people = number("least_people", raw.least_people, defaults::GROUP_PEOPLE, default.least_people as f64);
    let growth = number("growth", raw.growth, defaults::GROWTH_PEOPLE, default.growth as f64);
    let growth_window_s =
        number("growth_window_s", raw.growth_window_s, defaults::CROWD_WINDOW_S, default.growth_window_s);
    let hold_s = number("hold_s", raw.hold_s, defaults::CROWD_HOLD_S, default.hold_s);
    let clear_s = number("clear_s", raw.clear_s, defaults::CROWD_HOLD_S, default.clear_s);
    let plan = GatheringPlan {
        least_people: least_people? as usize,
        growth: growth? as usize,
        growth_window_s: growth_window_s?,
        hold_s: hold_s?,
        clear_s: clear_s?,
    };
    let groups = groups?;
    if plan.least_people < groups.least_people {
        let found = match raw.least_people {
            Some(written) => written.to_string(),
            None => format!("{} (the default)", plan.least_people),
        };
        let expected = format!("{} or more, the least people of a standing group here", groups.least_people);
        let fault = Fault::new(FaultKind::OutOfRange, found, expected)
            .help("A gathering is a standing group that grows, so it can't be smaller than one");
        checker.note(&path.key("least_people"), fault);
        return None;
    }
    Some(plan)
}

pub(super) fn dispersal(checker: &mut Checker<'_>, raw: &RawDispersal, path: &KeyPath) -> Option<DispersalPlan> {
    let default = DispersalPlan::default();
    let mut number = |key: &str, raw, range, default| checker.number_or(&path.key(key), raw, range, default);
    let least_people = number("least_people", raw.least_people, defaults::GROUP_PEOPLE, default.least_people as f64);
    let fast_share = number("fast_share", raw.fast_share, defaults::FAST_SHARE, default.fast_share);
    let learn_s = number("learn_s", raw.learn_s, defaults::LEARN_S, default.learn_s);
    let hold_s = number("hold_s", raw.hold_s, defaults::CROWD_HOLD_S, default.hold_s);
    let clear_s = number("clear_s", raw.clear_s, defaults::CROWD_HOLD_S, default.clear_s);
    Some(DispersalPlan {
        least_people: least_people? as usize,
        fast_share: fast_share?,
        learn_s: learn_s?,
        hold_s: hold_s?,
        clear_s: clear_s?,
    })
}

pub(super) fn surge(checker: &mut Checker<'_>, raw: &RawSurge, path: &KeyPath) -> Option<SurgePlan> {
    let window = (raw.window_s, defaults::SURGE_WINDOW_S, SurgePlan::default().window_s);
    Some(SurgePlan { window_s: checker.number_or(&path.key("window_s"), window.0, window.1, window.2)? })
}
