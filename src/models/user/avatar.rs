//! Avatars, stored as JPEG under the SHA-256 of their content.

use diesel::dsl::{exists, select};
use diesel::prelude::*;

use crate::error::Result;
use crate::models::database::connection::{DbConn, insert_or_keep};
use crate::models::schema::{avatars, users};
use crate::models::statement::Statement;
use crate::models::values::signing::sha256;
use crate::models::{installation, now};

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

/// Returns the URL path of an avatar.
pub fn url(hash: &str) -> String {
    format!("/avatars/{hash}")
}

/// Returns an avatar as JPEG.
///
/// # Errors
/// `NotFound` when there is no avatar with this hash.
pub fn find(conn: &mut DbConn, hash: &str) -> Result<Vec<u8>> {
    let avatar = avatars::table.find(hash);
    Ok(avatar.select(avatars::picture).get_result(conn)?)
}

/// Replaces or removes a user's avatar. Requires a write transaction.
pub fn set(conn: &mut DbConn, user_id: i64, avatar: Option<&Avatar>) -> Result<()> {
    // Serializes changes, so that an avatar shared by two users is neither stored twice nor deleted while in use.
    installation::lock(conn)?;
    let user = users::table.find(user_id);
    let before: Option<String> = user.select(users::avatar).get_result(conn)?;
    let hash = avatar.map(|avatar| store(conn, avatar)).transpose()?;
    diesel::update(user)
        .set(users::avatar.eq(&hash))
        .run(conn)?;
    installation::bump_profile_version(conn)?;
    match before {
        Some(before) if Some(&before) != hash.as_ref() => delete_unused(conn, &before),
        _ => Ok(()),
    }
}

fn store(conn: &mut DbConn, avatar: &Avatar) -> Result<String> {
    let hash = sha256(avatar.as_jpeg());
    let row = (
        avatars::hash.eq(&hash),
        avatars::picture.eq(avatar.as_jpeg()),
        avatars::created_at.eq(now()),
    );
    insert_or_keep!(conn, avatars::table, avatars::hash, row)?;
    Ok(hash)
}

/// Deletes an avatar that no user has.
fn delete_unused(conn: &mut DbConn, hash: &str) -> Result<()> {
    let owners = users::table.filter(users::avatar.eq(hash));
    match select(exists(owners)).get_result(conn)? {
        true => Ok(()),
        false => diesel::delete(avatars::table.find(hash)).run(conn),
    }
}
