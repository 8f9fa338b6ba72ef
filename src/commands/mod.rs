//! What admins do from the command line, on the database itself.

pub mod user;
