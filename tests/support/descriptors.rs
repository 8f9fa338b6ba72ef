//! Open connections and file descriptors of the server process.

use super::{Teahouse, until};
use std::time::{Duration, Instant};

impl Teahouse {
    /// Returns the number of open client connections.
    pub fn connections(&self) -> usize {
        self.queues().len()
    }

    /// Returns the largest number of unsent bytes in the kernel of any client connection.
    pub fn largest_send_queue(&self) -> u64 {
        let queues = self.queues();
        let waiting = queues.iter().filter_map(|queues| queues.split(':').next());
        let bytes = waiting.map(|bytes| u64::from_str_radix(bytes, 16).expect("a number"));
        bytes.max().unwrap_or_default()
    }

    /// Returns the kernel queues of each open connection.
    fn queues(&self) -> Vec<String> {
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
        // Local address, state (0A: listening) and inode; connections without a descriptor have inode 0.
        let held =
            words.filter(|words| words[1].ends_with(&port) && words[3] != "0A" && words[9] != "0");
        held.map(|words| words[4].to_owned()).collect()
    }

    /// Returns the number of open descriptors.
    pub fn descriptors(&self) -> usize {
        let folder = std::fs::read_dir(format!("/proc/{}/fd", self.pid()));
        folder.expect("Linux").count()
    }

    /// Returns the time until at most `most` connections are open; panics after `timeout`.
    pub async fn wait_for_at_most_connections(&self, most: usize, timeout: Duration) -> Duration {
        let start = Instant::now();
        loop {
            let open = self.connections();
            if open <= most {
                return start.elapsed();
            }
            assert!(
                start.elapsed() < timeout,
                "{open} connections are open after {timeout:?}, not {most}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until exactly `count` connections are open.
    pub async fn wait_for_connections(&self, count: usize) {
        until("the number of connections changes", async || {
            self.connections() == count
        })
        .await;
    }
}
