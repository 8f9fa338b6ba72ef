//! Teahouse, tested through its front door: the program runs as its own process on a database of its own.
#![expect(unreachable_pub, reason = "nothing here is seen from outside")]

mod accounts;
mod bad_peers;
mod browser;
mod browser_room;
mod catching_up;
mod chat;
mod databases;
mod durability;
mod escaping;
mod headers;
mod health;
mod house;
mod idempotency;
mod locales;
mod logs;
mod messages;
mod migrations;
mod phone_numbers;
mod presence;
mod reconnecting;
mod rooms;
mod same_origin;
mod sessions;
mod socket;
mod stopping;
mod support;
mod transcript;
