//! What the server needs beside the database: password hashing, images, and clients of other servers (GitHub, SMS).

pub mod github;
pub mod http_client;
pub mod image;
pub mod password_hasher;
pub mod sms;
