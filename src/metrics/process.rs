//! The process itself, under the names that every Prometheus client uses, read from `/proc` at each scrape.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, Metric, MetricFamily, MetricType};

/// Ticks a second in `/proc/*/stat`: fixed by Linux's interface, whatever the kernel's own rate.
const TICKS_PER_S: f64 = 100.0;

const CPU: (&str, &str) = ("process_cpu_seconds_total", "Processor time used, user and system.");
const RESIDENT: (&str, &str) = ("process_resident_memory_bytes", "Memory in use that is not swapped out.");
const PEAK: (&str, &str) = ("process_resident_memory_peak_bytes", "Most memory in use since the start.");
const START: (&str, &str) = ("process_start_time_seconds", "When the process started, in seconds since 1970.");
const OPEN_FILES: (&str, &str) = ("process_open_fds", "Open file descriptors.");
const THREADS: (&str, &str) = ("process_threads", "Threads.");

/// Reads `/proc/self`. A value that can't be read is absent.
#[derive(Debug)]
pub(super) struct ProcessCollector {
    descs: Vec<Desc>,
    /// Read once: the time of boot that it is counted from moves whenever the wall clock is corrected, and a start that
    /// moves looks like a restart.
    started_s: Option<f64>,
}

impl ProcessCollector {
    pub fn new() -> prometheus::Result<Self> {
        let desc = |(name, help): (&str, &str)| {
            Desc::new(name.to_owned(), help.to_owned(), Vec::new(), std::collections::HashMap::new())
        };
        let descs = [CPU, RESIDENT, PEAK, START, OPEN_FILES, THREADS].into_iter().map(desc);
        let started_s = || {
            let stat = ProcessStat::parse(&fs::read_to_string("/proc/self/stat").ok()?)?;
            Some(boot_time_s(&fs::read_to_string("/proc/stat").ok()?)? + stat.start_s)
        };
        Ok(Self { descs: descs.collect::<prometheus::Result<_>>()?, started_s: started_s() })
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = ProcessStat::parse(&stat);
        let kilobytes = |key| status_field(&status, key).map(|kb| kb * 1024.0);
        let open_files = fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64);
        let mut families = Vec::new();
        if let Some(stat) = &stat {
            let mut counter = Counter::default();
            counter.set_value(stat.cpu_s);
            let mut metric = Metric::default();
            metric.set_counter(counter);
            families.push(family(CPU, MetricType::COUNTER, metric));
        }
        let gauges = [
            (RESIDENT, kilobytes("VmRSS")),
            (PEAK, kilobytes("VmHWM")),
            (START, self.started_s),
            (OPEN_FILES, open_files),
            (THREADS, status_field(&status, "Threads")),
        ];
        for (name, value) in gauges {
            if let Some(value) = value {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                families.push(family(name, MetricType::GAUGE, Metric::from_gauge(gauge)));
            }
        }
        families
    }
}

fn family((name, help): (&str, &str), kind: MetricType, metric: Metric) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(vec![metric]);
    family
}

#[derive(Debug, PartialEq)]
struct ProcessStat {
    cpu_s: f64,
    /// Since boot.
    start_s: f64,
}

impl ProcessStat {
    /// The fields of `proc_pid_stat(5)`: 14 and 15 are the times used, 22 the start. The program's name, field 2, may
    /// hold spaces and brackets, so counting begins after the last bracket.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self { cpu_s: (ticks(14)? + ticks(15)?) / TICKS_PER_S, start_s: ticks(22)? / TICKS_PER_S })
    }
}

/// When the machine was booted, in seconds since 1970.
fn boot_time_s(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The first number of a field of `/proc/self/status`.
fn status_field(text: &str, key: &str) -> Option<f64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read_as_documented() {
        let stat = "4711 (a) name (x)) S 1 4711 4711 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 7 0 123456 1000 200 18446";
        assert_eq!(ProcessStat::parse(stat), Some(ProcessStat { cpu_s: 3.0, start_s: 1234.56 }));
        assert_eq!(ProcessStat::parse("4711 (cut off) S 1"), None);
        assert_eq!(ProcessStat::parse(""), None);
        assert_eq!(boot_time_s("cpu 1 2\nbtime 1795489200\nprocesses 7\n"), Some(1_795_489_200.0));
        let status = "Name:\tVmRSS\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t7\n";
        assert_eq!(status_field(status, "VmRSS"), Some(1024.0));
        assert_eq!(status_field(status, "Threads"), Some(7.0));
        assert_eq!(status_field(status, "VmSwap"), None);
    }
}
