//! What the program holds open.

use super::{Teahouse, eventually};
use std::time::{Duration, Instant};

impl Teahouse {
    /// How many of its peers' connections the program holds a descriptor of.
    pub fn connections(&self) -> usize {
        self.table().len()
    }

    /// How many bytes wait in the kernel for that peer for whom the most do.
    pub fn waiting_bytes(&self) -> u64 {
        let queues = self.table();
        let waiting = queues.iter().filter_map(|queues| queues.split(':').next());
        let bytes = waiting.map(|bytes| u64::from_str_radix(bytes, 16).expect("a number"));
        bytes.max().unwrap_or_default()
    }

    /// The queues of each connection that is held, as the kernel writes them.
    fn table(&self) -> Vec<String> {
        let port: u16 = self
            .host()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port");
        let port = format!(":{port:04X}");
        let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
        let lines = table.lines().skip(1);
        let words = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
        // Local address, state (0A listens) and inode; those that nobody holds have none.
        let held =
            words.filter(|words| words[1].ends_with(&port) && words[3] != "0A" && words[9] != "0");
        held.map(|words| words[4].to_owned()).collect()
    }

    /// How many descriptors the program has open, of whatever kind.
    pub fn descriptors(&self) -> usize {
        let folder = std::fs::read_dir(format!("/proc/{}/fd", self.pid()));
        folder.expect("Linux").count()
    }

    /// How long it takes until it holds no more than so many connections; panics after `patience`.
    pub async fn connections_fall_to(&self, most: usize, patience: Duration) -> Duration {
        let start = Instant::now();
        loop {
            let open = self.connections();
            if open <= most {
                return start.elapsed();
            }
            assert!(
                start.elapsed() < patience,
                "{open} connections are open after {patience:?}, not {most}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it holds exactly so many connections.
    pub async fn has_connections(&self, count: usize) {
        eventually("the connections open, and others close", || async {
            (self.connections() == count).then_some(())
        })
        .await;
    }
}
