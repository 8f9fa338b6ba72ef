//! What the program does outside of requests and the database.

pub mod image;
pub mod password_hasher;
