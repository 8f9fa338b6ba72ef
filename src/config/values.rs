//! Deserializers for values that files and environment variables write differently.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Reads a list of strings: a TOML list, or one string with commas as in an environment variable.
pub(super) fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListOrString {
        String(String),
        List(Vec<String>),
    }
    let entries = match ListOrString::deserialize(deserializer)? {
        ListOrString::String(text) => text.split(',').map(str::to_owned).collect(),
        ListOrString::List(list) => list,
    };
    let trimmed = entries.iter().map(|entry| entry.trim().to_owned());
    Ok(trimmed.filter(|entry| !entry.is_empty()).collect())
}

/// Reads a host to listen on. An IPv6 address may be in brackets, as in a URL.
pub(super) fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let host = String::deserialize(deserializer)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    Ok(bare.map_or_else(|| host.clone(), str::to_owned))
}

/// Reads IP addresses and networks in CIDR notation.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let entries = strings(deserializer)?;
    entries
        .iter()
        .map(|entry| {
            let network = entry.parse();
            network
                .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| D::Error::custom(format!("{entry} is not an IP address or network")))
        })
        .collect()
}
