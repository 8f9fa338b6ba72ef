//! Counts connections and concurrent requests without a session, per client address. Authenticated clients are not
//! counted, because an office, a school or a mobile network shares one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts by [`ip_prefix`], shared by all workers.
#[derive(Debug)]
pub struct AnonymousLimiter {
    limit: Option<usize>,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One counted connection or request. Dropping it decrements the count.
#[derive(Debug)]
pub struct AnonymousGuard {
    limiter: Arc<AnonymousLimiter>,
    prefix: IpAddr,
}

impl AnonymousLimiter {
    /// Allows `limit` per address; `None` disables counting.
    pub fn new(limit: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            limit,
            counts: Mutex::default(),
        })
    }

    /// Counts one more from `address`, even over the limit; `None` when counting is disabled.
    pub fn track(self: &Arc<Self>, address: IpAddr) -> Option<AnonymousGuard> {
        self.limit?;
        let prefix = ip_prefix(address);
        *self.lock().entry(prefix).or_default() += 1;
        Some(AnonymousGuard {
            limiter: self.clone(),
            prefix,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnonymousGuard {
    /// Whether the address has more than the limit.
    pub fn is_over_limit(&self) -> bool {
        self.exceeds(1)
    }

    /// Whether the count exceeds `factor` × the limit.
    pub(crate) fn exceeds(&self, factor: usize) -> bool {
        let count = self.limiter.lock().get(&self.prefix).copied();
        count > self.limiter.limit.map(|limit| limit * factor)
    }

    pub(crate) fn prefix(&self) -> IpAddr {
        self.prefix
    }
}

impl Drop for AnonymousGuard {
    fn drop(&mut self) {
        let mut counts = self.limiter.lock();
        if let Some(count) = counts.get_mut(&self.prefix) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.prefix);
            }
        }
    }
}

/// Returns what limits count as one client: an IPv4 address, or the /64 network of an IPv6 address.
pub fn ip_prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(limiter: &Arc<AnonymousLimiter>, address: &str) -> AnonymousGuard {
        let address = address.parse().expect("an address");
        limiter.track(address).expect("a guard")
    }

    #[test]
    fn dropped_guards_are_no_longer_counted() {
        let limiter = AnonymousLimiter::new(Some(2));
        let first = track(&limiter, "203.0.113.7");
        let second = track(&limiter, "203.0.113.7");
        assert!(!second.is_over_limit());
        let third = track(&limiter, "::ffff:203.0.113.7");
        assert!(third.is_over_limit() && !track(&limiter, "203.0.113.8").is_over_limit());
        drop(first);
        assert!(!third.is_over_limit());
        drop((second, third));
        assert!(limiter.lock().is_empty());
    }

    #[test]
    fn ipv6_addresses_of_one_64_network_are_counted_together() {
        let limiter = AnonymousLimiter::new(Some(1));
        let _first = track(&limiter, "2001:db8::1");
        assert!(track(&limiter, "2001:db8::ffff:1").is_over_limit());
        assert!(!track(&limiter, "2001:db8:0:1::1").is_over_limit());
    }
}
