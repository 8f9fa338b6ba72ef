//! CPU time and memory of a process, read from /proc.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

/// A process on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) pid: u32,
}

impl Process {
    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// CPU time of all its threads so far, in steps of 10 ms.
    pub(crate) fn cpu(self) -> Duration {
        let stat = fs::read_to_string(self.file("stat")).unwrap_or_default();
        // The name before it may contain spaces and parentheses.
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let field = |n: usize| -> u64 {
            let word = rest.split(' ').nth(n);
            word.and_then(|word| word.parse().ok()).unwrap_or(0)
        };
        let (user, system) = (field(11), field(12));
        Duration::from_secs_f64((user + system) as f64 / clock_ticks_per_second() as f64)
    }

    /// CPU time so far of its living threads with this name, or of all of them.
    pub(crate) fn cpu_of_threads(self, name: Option<&str>) -> Duration {
        let Ok(threads) = fs::read_dir(self.file("task")) else {
            return Duration::ZERO;
        };
        let of = |folder: PathBuf| -> Option<u64> {
            let comm = fs::read_to_string(folder.join("comm")).ok()?;
            let schedstat = fs::read_to_string(folder.join("schedstat")).ok()?;
            let nanoseconds = schedstat.split(' ').next()?.parse().ok()?;
            name.is_none_or(|name| comm.trim_end() == name)
                .then_some(nanoseconds)
        };
        let threads = threads.filter_map(|thread| of(thread.ok()?.path()));
        Duration::from_nanos(threads.sum())
    }

    /// Resident memory in bytes, program text included.
    pub(crate) fn resident(self) -> u64 {
        let rollup = fs::read_to_string(self.file("smaps_rollup")).unwrap_or_default();
        let kib = |name: &str| -> u64 {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok())
                .unwrap_or(0)
        };
        kib("Rss:") * 1024
    }

    /// Returns the process that listens on a port of this machine.
    pub(crate) fn listening_on(port: u16) -> Option<Self> {
        let wanted = format!(":{port:04X}");
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let tables = tables.map(|path| fs::read_to_string(path).unwrap_or_default());
        let inode = tables
            .iter()
            .flat_map(|table| table.lines())
            .find_map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                // Local address, remote address, state (0A: listening) … inode.
                let listens = words.get(1)?.ends_with(&wanted) && words.get(3) == Some(&"0A");
                listens.then(|| words.get(9).copied())?
            })?;
        let link = PathBuf::from(format!("socket:[{inode}]"));
        let processes = fs::read_dir("/proc").ok()?;
        let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.map(|pid| Self { pid }).find(|process| {
            let files = fs::read_dir(process.file("fd"));
            let mut files = files.into_iter().flatten().flatten();
            files.any(|file| fs::read_link(file.path()).is_ok_and(|target| target == link))
        })
    }
}

/// CPU time of this process so far.
pub(crate) fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
