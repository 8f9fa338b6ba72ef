//! The tables, which both databases have (`migrations/sqlite`, `migrations/mysql`).
#![expect(
    missing_docs,
    reason = "the tables are described in docs/architecture.md"
)]

diesel::table! {
    installation (id) {
        id -> Integer,
        epoch -> Text,
        counter -> BigInt,
        people -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        phone -> Nullable<Text>,
        username -> Text,
        username_key -> Text,
        password_hash -> Nullable<Text>,
        role -> Text,
        status -> Text,
        locale -> Nullable<Text>,
        avatar -> Nullable<Text>,
        github_id -> Nullable<BigInt>,
        created_at -> Timestamp,
        seen_at -> Nullable<Timestamp>,
        session_epoch -> BigInt,
        appearance -> Text,
        time_format -> Text,
        reachable_by -> Text,
        deleted_at -> Nullable<Timestamp>,
        erasing -> Bool,
        github_login -> Nullable<Text>,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Text,
        user_id -> BigInt,
        kind -> Text,
        user_agent -> Text,
        ip -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        expires_at -> Timestamp,
        github_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    rooms (id) {
        id -> BigInt,
        kind -> Text,
        name -> Text,
        topic -> Text,
        direct_key -> Nullable<Text>,
        last_seq -> BigInt,
        last_ver -> BigInt,
        last_message_at -> Nullable<Timestamp>,
        last_deleted_seq -> BigInt,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
        opened_at -> Nullable<Timestamp>,
        name_key -> Nullable<Text>,
    }
}

diesel::table! {
    memberships (room_id, user_id) {
        room_id -> BigInt,
        user_id -> BigInt,
        read_seq -> BigInt,
        own_unread -> BigInt,
        involvement -> Text,
        joined_at -> Timestamp,
    }
}

diesel::table! {
    messages (room_id, seq) {
        room_id -> BigInt,
        seq -> BigInt,
        ver -> BigInt,
        id -> BigInt,
        change_id -> BigInt,
        user_id -> BigInt,
        client_id -> Text,
        sent_hash -> Binary,
        content -> Text,
        created_at -> Timestamp,
        edited_at -> Nullable<Timestamp>,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    deleted_messages (room_id, seq) {
        room_id -> BigInt,
        seq -> BigInt,
        user_id -> BigInt,
    }
}

diesel::table! {
    message_versions (room_id, seq, ver) {
        room_id -> BigInt,
        seq -> BigInt,
        ver -> BigInt,
        content -> Text,
        replaced_at -> Timestamp,
    }
}

diesel::table! {
    mentions (user_id, room_id, seq) {
        user_id -> BigInt,
        room_id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    blocks (blocker_id, blocked_id) {
        blocker_id -> BigInt,
        blocked_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    notices (change_id, place) {
        change_id -> BigInt,
        place -> BigInt,
        kind -> Text,
        room_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    security_events (id) {
        id -> BigInt,
        kind -> Text,
        user_id -> Nullable<BigInt>,
        phone -> Nullable<Text>,
        ip -> Text,
        user_agent -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    avatars (hash) {
        hash -> Text,
        picture -> Binary,
        created_at -> Timestamp,
    }
}

diesel::table! {
    throttles (key_hash) {
        key_hash -> Text,
        tries -> Integer,
        ends_at -> Timestamp,
        open_at -> Timestamp,
    }
}

diesel::table! {
    known_browsers (key_hash, user_id) {
        key_hash -> Text,
        user_id -> BigInt,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    reserved_usernames (key_hash) {
        key_hash -> Text,
        user_id -> BigInt,
        reserved_until -> Timestamp,
    }
}

diesel::table! {
    verifications (browser_hash) {
        browser_hash -> Text,
        purpose -> Text,
        phone -> Text,
        code_hash -> Text,
        tries -> Integer,
        user_id -> Nullable<BigInt>,
        username -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        invite -> Nullable<Text>,
        may_be_first -> Bool,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    password_links (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    pairings (session_hash) {
        session_hash -> Text,
        id -> Text,
        token_hash -> Text,
        state -> Text,
        browser_hash -> Nullable<Text>,
        code -> Text,
        user_agent -> Text,
        ip -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    invites (id) {
        id -> BigInt,
        user_id -> BigInt,
        uses -> Integer,
        max_uses -> Integer,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    invitations (id) {
        id -> BigInt,
        room_id -> BigInt,
        inviter_id -> BigInt,
        invitee_id -> BigInt,
        created_at -> Timestamp,
        declined_at -> Nullable<Timestamp>,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(security_events -> users (user_id));
diesel::joinable!(known_browsers -> users (user_id));
diesel::joinable!(password_links -> users (user_id));
diesel::joinable!(invites -> users (user_id));
diesel::joinable!(invitations -> rooms (room_id));
diesel::joinable!(invitations -> users (inviter_id));
diesel::joinable!(memberships -> users (user_id));
diesel::joinable!(memberships -> rooms (room_id));
diesel::joinable!(mentions -> users (user_id));
diesel::joinable!(messages -> users (user_id));
diesel::joinable!(messages -> rooms (room_id));
diesel::allow_tables_to_appear_in_same_query!(
    users,
    sessions,
    security_events,
    known_browsers,
    password_links,
    pairings,
    invites,
    invitations,
    rooms,
    memberships,
    messages,
    deleted_messages,
    message_versions,
    mentions,
    blocks
);
