//! Words for people, in both languages.

use crate::config::Language;
use crate::model::{Level, Measure, NoticeKind, StepState};

/// Chooses between Chinese and English.
pub(super) fn pick<'a>(language: Language, zh: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

pub(super) fn level(level: Level, language: Language) -> &'static str {
    let (zh, en) = match level {
        Level::Blue => ("蓝色", "BLUE"),
        Level::Yellow => ("黄色", "YELLOW"),
        Level::Orange => ("橙色", "ORANGE"),
        Level::Red => ("红色", "RED"),
    };
    pick(language, zh, en)
}

pub(super) fn step_state(state: StepState, language: Language) -> &'static str {
    let (zh, en) = match state {
        StepState::Waiting => ("未开始", "waiting"),
        StepState::Started => ("进行中", "started"),
        StepState::Done => ("已完成", "done"),
        StepState::Skipped => ("已跳过", "skipped"),
    };
    pick(language, zh, en)
}

/// What happened; a change of level is said by the levels.
pub(super) fn kind(kind: NoticeKind, language: Language) -> &'static str {
    let (zh, en) = match kind {
        NoticeKind::Raised => ("发布", "raised"),
        NoticeKind::Lowered => ("降级", "lowered"),
        NoticeKind::Cleared => ("解除", "ended"),
        NoticeKind::Stale => ("数据中断，情况不明", "no data, state unknown"),
        NoticeKind::Fresh => ("数据恢复", "data again"),
        NoticeKind::Acknowledged => ("已确认", "acknowledged"),
        NoticeKind::Escalated => ("上报", "escalated"),
        NoticeKind::Reminder => ("仍未确认", "still not acknowledged"),
        NoticeKind::Shelved => ("暂停提醒", "shelved"),
        NoticeKind::Unshelved => ("恢复提醒", "no longer shelved"),
        NoticeKind::Commented => ("备注", "comment"),
        NoticeKind::Step => ("处置进展", "response step"),
        NoticeKind::StepOverdue => ("处置超时", "response step overdue"),
        NoticeKind::StaleLasting => ("持续无数据", "nothing known for a minute"),
        NoticeKind::StepEffect => ("处置效果", "effect of a response step"),
    };
    pick(language, zh, en)
}

/// A measure by its name in the configuration; an unknown one keeps its name.
pub(super) fn measure(name: &str, language: Language) -> String {
    let known = Measure::ALL.into_iter().find(|measure| measure.as_str() == name);
    match (language, known) {
        (Language::Chinese, Some(measure)) => measure_zh(measure).to_owned(),
        _ => name.replace('_', " "),
    }
}

fn measure_zh(measure: Measure) -> &'static str {
    match measure {
        Measure::Occupancy => "人数",
        Measure::Density => "密度",
        Measure::VoronoiDensity => "沃罗诺伊密度",
        Measure::Speed => "平均步速",
        Measure::StandingShare => "站立比例",
        Measure::LevelOfService => "服务水平",
        Measure::LocalDensity => "局部最大密度",
        Measure::SpeedRatio => "步速比（实测/预期）",
        Measure::StopAndGo => "走走停停指数",
        Measure::Oscillation => "振荡指数",
        Measure::Pressure => "人群压力",
        Measure::Turbulence => "人群湍流",
        Measure::CounterFlow => "对冲比例",
        Measure::PolarOrder => "方向一致度",
        Measure::DirectionEntropy => "方向熵",
        Measure::WrongWay => "逆行比例",
        Measure::MeanDwell => "平均停留时间",
        Measure::MedianDwell => "停留时间中位数",
        Measure::P90Dwell => "停留时间90分位",
        Measure::LongestDwell => "最长停留时间",
        Measure::Loitering => "滞留人数",
        Measure::StandingGroups => "聚集群数",
        Measure::LargestStandingGroup => "最大聚集人数",
        Measure::Gathering => "聚集",
        Measure::Dispersal => "四散奔跑",
        Measure::Surge => "人数增速",
        Measure::FillRate => "净流入率",
        Measure::BalanceDrift => "流量平衡偏差",
        Measure::CountDisagreement => "计数分歧",
        Measure::TimeToBlue => "预计达到蓝色",
        Measure::TimeToYellow => "预计达到黄色",
        Measure::TimeToOrange => "预计达到橙色",
        Measure::TimeToRed => "预计达到红色",
        Measure::EarliestTimeToBlue => "最早达到蓝色",
        Measure::EarliestTimeToYellow => "最早达到黄色",
        Measure::EarliestTimeToOrange => "最早达到橙色",
        Measure::EarliestTimeToRed => "最早达到红色",
        Measure::LatestTimeToBlue => "最晚达到蓝色",
        Measure::LatestTimeToYellow => "最晚达到黄色",
        Measure::LatestTimeToOrange => "最晚达到橙色",
        Measure::LatestTimeToRed => "最晚达到红色",
        Measure::FlowIn => "进入流量",
        Measure::FlowOut => "离开流量",
        Measure::SpecificFlowIn => "进入比流量",
        Measure::SpecificFlowOut => "离开比流量",
        Measure::CapacityRatio => "通行能力占用比",
        Measure::People => "画面人数",
        Measure::Blind => "无画面时长",
        Measure::ShareOfCapacity => "承载量占比",
        Measure::AdmissibleFlow => "每分钟还可进入人数",
        Measure::Undelivered => "未送达的消息",
    }
}

/// A unit as it stands behind a number, with what stands between; an unknown one as it is.
pub(super) fn unit(unit: &str, language: Language) -> String {
    let zh = match unit {
        "" => return String::new(),
        "people" => "人",
        "people per m²" => "人/m²",
        "m/s" => "m/s",
        "per s²" => "/s²",
        "seconds" => "秒",
        "groups" => "群",
        "messages" => "条",
        "people a minute" => "人/分钟",
        "people per m² and minute" => "人/(m²·分钟)",
        "people per m and s" => "人/(m·s)",
        other => other,
    };
    match language {
        Language::Chinese => format!(" {zh}"),
        Language::English => format!(" {unit}"),
    }
}

/// Why there is no value, by what stands behind `unknown:`.
pub(super) fn unknown(reason: &str, language: Language) -> &'static str {
    let (zh, en) = match reason {
        "not_started" => ("尚无画面", "nothing seen yet"),
        "not_reported" => ("外部系统无最新数据", "not told of by the other system"),
        "no_frames" => ("无画面", "no picture"),
        "people_missed" => ("人数过多，无法分辨", "more people than can be told apart"),
        "nothing_to_measure" => ("无可测对象", "nothing there to measure"),
        "mobile_camera" => ("移动摄像机无此指标", "not measured by a moving camera"),
        _ => ("无法测量", "can't be measured"),
    };
    pick(language, zh, en)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_measure_has_a_chinese_name_and_unit_of_its_own() {
        let mut names = HashSet::new();
        for of in Measure::ALL {
            assert!(names.insert(measure(of.as_str(), Language::Chinese)), "{of:?}");
            let shown = unit(of.facts().unit.trim_start(), Language::Chinese);
            assert!(!shown.contains("people") && !shown.contains("minute") && !shown.contains("seconds"), "{shown}");
        }
    }
}
