//! Builds services and policies from the settings.

use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;
use chrono::TimeDelta;

use super::limits;
use crate::config::{
    AccountSettings, InviteMode, RegistrationMode, Settings, SmsProvider, SmsSettings,
};
use crate::controllers::concerns::metrics::{Metrics, Queues};
use crate::controllers::concerns::rate_limits::{RateLimitRules, RateLimits};
use crate::controllers::{GithubLogin, PhoneVerification};
use crate::error::Result;
use crate::models::auth::invite::InvitePolicy;
use crate::models::auth::rate_limit::Rule;
use crate::models::auth::session::KeyHash;
use crate::models::database::Database;
use crate::models::room::direct_limits::DirectLimits;
use crate::models::user::registration::RegistrationPolicy;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::HmacKey;
use crate::realtime::service::Realtime;
use crate::services::github::{GithubClient, GithubEndpoints};
use crate::services::password_hasher::{HashCost, PasswordHasher};
use crate::services::sms::{
    AliyunSender, AliyunTemplates, CommandSender, LogSender, SmsQueue, SmsSender, TwilioSender,
    WebhookSender,
};
use crate::views::pages::sessions::Region;

/// Derives the HMAC key from the secret key.
pub(super) fn hmac_key(key: &Key) -> HmacKey {
    HmacKey::new(key.signing())
}

/// Builds the password hasher.
pub(super) fn hasher(accounts: &AccountSettings) -> Result<PasswordHasher> {
    let cost = HashCost {
        memory_kib: accounts.hash_memory_kib,
        passes: accounts.hash_passes,
    };
    PasswordHasher::new(
        cost,
        accounts.hash_permits,
        accounts.hash_queue,
        accounts.hash_queue_per_address,
    )
}

/// Returns who may register.
pub(super) fn registration_policy(accounts: &AccountSettings) -> RegistrationPolicy {
    match accounts.registration {
        RegistrationMode::Open => RegistrationPolicy::Open,
        RegistrationMode::Invite => RegistrationPolicy::Invite,
        RegistrationMode::Closed => RegistrationPolicy::Closed,
    }
}

/// Returns who may create invite links.
pub(super) fn invite_policy(accounts: &AccountSettings) -> InvitePolicy {
    match accounts.invites {
        InviteMode::Members => InvitePolicy::Members,
        InviteMode::Admins => InvitePolicy::Admins,
    }
}

fn within(attempts: i32, window: TimeDelta) -> Rule {
    Rule {
        attempts,
        window,
        backoff: None,
    }
}

/// Returns the limits on looking up users by phone number and on starting conversations.
pub(super) fn direct_limits(settings: &Settings, hmac_key: HmacKey) -> Option<DirectLimits> {
    let throttle = &settings.throttle;
    let limits = DirectLimits {
        hmac_key,
        number_lookups: within(throttle.number_lookups_per_person, TimeDelta::hours(1)),
        new_rooms: within(throttle.directs_per_person, TimeDelta::hours(1)),
    };
    limits::throttled(settings, limits)
}

/// Builds the rate limits of sign-in, registration and other actions.
pub(super) fn rate_limits(settings: &Settings, hmac_key: HmacKey) -> RateLimits {
    let throttle = &settings.throttle;
    let rules = RateLimitRules {
        sign_in: Rule {
            attempts: throttle.sign_in_failures,
            window: TimeDelta::seconds(throttle.sign_in_window_seconds),
            backoff: Some(TimeDelta::seconds(throttle.sign_in_wait_seconds)),
        },
        sign_in_address: within(throttle.sign_ins_per_address, TimeDelta::minutes(1)),
        registration_address: within(throttle.registrations_per_address, TimeDelta::hours(1)),
        registration_browser: within(throttle.registrations_per_browser, TimeDelta::days(1)),
        code_number: within(throttle.codes_per_number, TimeDelta::hours(1)),
        code_address: within(throttle.codes_per_address, TimeDelta::hours(1)),
        pairing_person: within(throttle.pairings_per_person, TimeDelta::hours(1)),
        pairing_address: within(throttle.pairings_per_address, TimeDelta::hours(1)),
        rooms_person: within(throttle.rooms_per_person, TimeDelta::hours(1)),
        members_person: within(throttle.members_per_person, TimeDelta::hours(1)),
        number_claims_person: within(throttle.number_claims_per_person, TimeDelta::hours(1)),
        blocks_person: within(throttle.blocks_per_person, TimeDelta::hours(1)),
        new_password: within(throttle.new_passwords_per_person, TimeDelta::hours(1)),
        token_refresh: within(throttle.token_refreshes_per_person, TimeDelta::hours(1)),
        rename: within(throttle.renames_per_person, TimeDelta::days(1)),
        profile_change: within(throttle.profile_changes_per_person, TimeDelta::hours(1)),
        export: within(throttle.exports_per_person, TimeDelta::hours(1)),
    };
    RateLimits::new(hmac_key, limits::throttled(settings, rules))
}

/// Builds phone verification, if enabled.
pub(super) fn phone_verification(settings: &Settings) -> Result<Option<PhoneVerification>> {
    if !settings.verification.enabled {
        return Ok(None);
    }
    Ok(Some(PhoneVerification {
        sms: SmsQueue::new(sms_sender(&settings.sms)?),
        countries: settings.verification.countries.clone(),
    }))
}

/// Builds the GitHub client, if GitHub sign-in is enabled.
pub(super) fn github(settings: &Settings) -> Result<Option<GithubLogin>> {
    let github = &settings.github;
    if !github.is_enabled() {
        return Ok(None);
    }
    let endpoints = GithubEndpoints {
        authorize: github.authorize_url.clone(),
        token: github.token_url.clone(),
        user: github.user_url.clone(),
    };
    let (id, secret) = (&github.client_id, github.client_secret.expose());
    let timeout = Duration::from_secs(github.timeout_seconds);
    Ok(Some(GithubLogin {
        github: GithubClient::new(id, secret, endpoints, timeout)?,
        client_callback: github.client_callback.clone(),
    }))
}

fn sms_sender(sms: &SmsSettings) -> Result<Arc<dyn SmsSender>> {
    let timeout = Duration::from_secs(sms.timeout_seconds);
    Ok(match sms.sender {
        SmsProvider::Log => Arc::new(LogSender::default()),
        SmsProvider::Command => Arc::new(CommandSender {
            program: sms.command.clone(),
            timeout,
        }),
        SmsProvider::Webhook => {
            let (url, secret) = (&sms.webhook_url, sms.webhook_secret.expose());
            let (url, secret) = (url.clone(), secret.to_owned());
            Arc::new(WebhookSender::new(url, secret, timeout))
        }
        SmsProvider::Twilio => Arc::new(TwilioSender::new(
            &sms.twilio_url,
            &sms.twilio_account,
            sms.twilio_token.expose(),
            sms.twilio_from.clone(),
            timeout,
        )),
        SmsProvider::Aliyun => {
            let templates = AliyunTemplates {
                sign_name: sms.aliyun_sign_name.clone(),
                code: sms.aliyun_code_template.clone(),
                notice: sms.aliyun_notice_template.clone(),
            };
            let (id, secret) = (&sms.aliyun_key_id, sms.aliyun_key_secret.expose());
            let (id, secret) = (id.clone(), secret.to_owned());
            let url = &sms.aliyun_url;
            Arc::new(AliyunSender::new(url, id, secret, templates, timeout)?)
        }
    })
}

/// Returns the hash of the token for reading the metrics, if one is configured.
pub(super) fn metrics_token(settings: &Settings) -> Option<KeyHash> {
    let token = settings.metrics.token.expose();
    (!token.is_empty()).then(|| KeyHash::of(token))
}

/// Builds the metrics registry from every component's collectors.
pub(super) fn metrics(
    realtime: &Realtime,
    database: &Database,
    hasher: &PasswordHasher,
) -> Metrics {
    Metrics::new(|registry| {
        realtime.hub.metrics.register(registry);
        database.metrics.register(registry);
        registry.register(
            "password_hashes_refused",
            "Password hashes refused because the queue was full",
            hasher.refused.clone(),
        );
        registry.register_collector(Box::new(Queues {
            writer: realtime.writer.clone(),
            hasher: hasher.clone(),
        }));
    })
}

/// Returns the regions a phone number can belong to. Called lazily, because the numbering rules take several MiB.
pub(super) fn regions() -> Vec<Region> {
    PhoneNumber::regions()
        .into_iter()
        .map(Region::new)
        .collect()
}
