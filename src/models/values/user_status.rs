//! Roles and status of users.

use super::text_column::text_column;
use crate::protocol::text_enum;

text_enum! {
    /// Role of a user.
    pub enum Role {
        /// May manage users and all rooms. The first user has this role.
        Admin = "admin",
        /// Has no special rights.
        Member = "member",
    }
}

text_enum! {
    /// Status of a user.
    pub enum Status {
        /// May sign in.
        Active = "active",
        /// Excluded by an admin.
        Banned = "banned",
        /// Has left or deleted their account.
        Deactivated = "deactivated",
    }
}

text_column!(Role);
text_column!(Status);
