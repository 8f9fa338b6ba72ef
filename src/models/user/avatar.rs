//! People's pictures, kept under the hash of what is in them.

use diesel::prelude::*;

use crate::error::Result;
use crate::models::database::connection::{DbConn, insert_or_keep};
use crate::models::now;
use crate::models::schema::{avatars, users};
use crate::models::values::signing::sha256;

/// A user's picture as shown to others: a JPEG of 256 × 256 pixels and at most 64 KiB, without metadata.
#[derive(Debug)]
pub struct Avatar(Vec<u8>);

impl Avatar {
    /// Wraps a processed JPEG file.
    pub(crate) fn from_jpeg(file: Vec<u8>) -> Self {
        Self(file)
    }

    /// Returns the JPEG file.
    pub fn as_jpeg(&self) -> &[u8] {
        &self.0
    }
}

/// Where a picture is shown.
pub fn address(hash: &str) -> String {
    format!("/avatars/{hash}")
}

/// A picture by its name: a JPEG.
///
/// # Errors
/// `NotFound` when there is none.
pub fn find(conn: &mut DbConn, hash: &str) -> Result<Vec<u8>> {
    let picture = avatars::table.find(hash).select(avatars::picture);
    Ok(picture.get_result(conn)?)
}

/// Gives a person this picture instead of what they had, or none. Runs in a transaction that writes.
///
/// # Errors
/// `NotFound` when there is no such person.
pub fn set(conn: &mut DbConn, user_id: i64, portrait: Option<&Avatar>) -> Result<()> {
    // Two people with one picture: whoever comes later waits here, and finds it.
    crate::models::installation::take_turn(conn)?;
    let person = users::table.find(user_id);
    let before: Option<String> = person.select(users::avatar).get_result(conn)?;
    let hash = portrait.map(|portrait| store(conn, portrait)).transpose()?;
    diesel::update(person)
        .set(users::avatar.eq(&hash))
        .execute(conn)?;
    crate::models::installation::people_changed(conn)?;
    match before {
        Some(before) if Some(&before) != hash.as_ref() => forget(conn, &before),
        _ => Ok(()),
    }
}

fn store(conn: &mut DbConn, portrait: &Avatar) -> Result<String> {
    let hash = sha256(portrait.as_jpeg());
    let row = (
        avatars::hash.eq(&hash),
        avatars::picture.eq(portrait.as_jpeg()),
        avatars::created_at.eq(now()),
    );
    insert_or_keep!(conn, avatars::table, avatars::hash, row)?;
    Ok(hash)
}

/// A picture goes with the last person who has it.
fn forget(conn: &mut DbConn, hash: &str) -> Result<()> {
    let holders: i64 = users::table
        .filter(users::avatar.eq(hash))
        .count()
        .get_result(conn)?;
    if holders == 0 {
        diesel::delete(avatars::table.find(hash)).execute(conn)?;
    }
    Ok(())
}
