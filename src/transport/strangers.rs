//! How many connections, or requests under way, an address has that have not shown a session: those of people who are
//! signed in never count, because an office, a school or a whole mobile network shares one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts of all workers, by address.
#[derive(Debug)]
pub struct Strangers {
    limit: Option<usize>,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One that is counted; no longer when it is dropped.
#[derive(Debug)]
pub struct Visit {
    strangers: Arc<Strangers>,
    address: IpAddr,
}

impl Strangers {
    /// So many per address; `None`: any number.
    pub fn new(limit: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            limit,
            counts: Mutex::default(),
        })
    }

    /// Counts one more from this address; `None` when nothing is counted.
    pub fn visit(self: &Arc<Self>, address: IpAddr) -> Option<Visit> {
        self.limit?;
        let address = household(address);
        *self.lock().entry(address).or_default() += 1;
        Some(Visit {
            strangers: self.clone(),
            address,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// Whether there are more than may be.
    pub fn is_crowded(&self) -> bool {
        self.is_past(1)
    }

    /// Whether there are more than so many times what may be.
    pub(super) fn is_past(&self, times: usize) -> bool {
        let count = self.strangers.lock().get(&self.address).copied();
        count > self.strangers.limit.map(|limit| limit * times)
    }

    /// By what it is counted.
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut counts = self.strangers.lock();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Whose address it is: of IPv6 everybody has a network of 2⁶⁴ addresses, so that is what counts.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_is_crowded_until_some_leave() {
        let strangers = Strangers::new(Some(2));
        let visit = |address| strangers.visit(ip(address)).expect("counted");
        let (first, second) = (visit("203.0.113.7"), visit("203.0.113.7"));
        assert!(!second.is_crowded());
        let third = visit("::ffff:203.0.113.7");
        assert!(third.is_crowded() && !visit("203.0.113.8").is_crowded());
        drop(first);
        assert!(!third.is_crowded());
        drop((second, third));
        assert!(strangers.lock().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        let strangers = Strangers::new(Some(1));
        let _first = strangers.visit(ip("2001:db8::1"));
        let second = strangers.visit(ip("2001:db8::ffff:1"));
        assert!(second.is_some_and(|visit| visit.is_crowded()));
        let elsewhere = strangers.visit(ip("2001:db8:0:1::1"));
        assert!(elsewhere.is_some_and(|visit| !visit.is_crowded()));
    }
}
