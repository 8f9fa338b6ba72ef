//! Builds services from the settings.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Notify;

use super::limits;
use crate::config::{AccountSettings, Settings, SmsProvider, SmsSettings};
use crate::controllers::concerns::metrics::{Metrics, Queues};
use crate::controllers::concerns::rate_limits::{RateLimitRules, RateLimits};
use crate::controllers::{GithubLogin, PhoneVerification};
use crate::error::{Error, Result};
use crate::models::auth::rate_limit::Rule;
use crate::models::database::Database;
use crate::models::message_store::MessageWriter;
use crate::models::room::direct_limits::DirectLimits;
use crate::models::values::content;
use crate::models::values::signing::HmacKey;
use crate::protocol::ClientLimits;
use crate::realtime::connection_limiter::ConnectionLimiter;
use crate::realtime::hub::Hub;
use crate::realtime::presence::Presence;
use crate::realtime::rate_limit::UserRateLimiter;
use crate::realtime::service::Realtime;
use crate::realtime::writer::Writer;
use crate::services::github::{GithubClient, GithubEndpoints};
use crate::services::password_hasher::{HashCost, PasswordHasher};
use crate::services::sms::{
    AliyunSender, AliyunTemplates, CommandSender, LogSender, SmsQueue, SmsSender, TwilioSender,
    WebhookSender,
};

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

pub(super) fn rate_limits(settings: &Settings, hmac_key: HmacKey) -> RateLimits {
    let throttle = &settings.throttle;
    let per_hour = |attempts| within(attempts, TimeDelta::hours(1));
    let rules = RateLimitRules {
        sign_in: Rule {
            attempts: throttle.sign_in_failures,
            window: TimeDelta::seconds(throttle.sign_in_window_seconds),
            backoff: Some(TimeDelta::seconds(throttle.sign_in_wait_seconds)),
        },
        sign_in_address: within(throttle.sign_ins_per_address, TimeDelta::minutes(1)),
        registration_address: per_hour(throttle.registrations_per_address),
        registration_browser: within(throttle.registrations_per_browser, TimeDelta::days(1)),
        code_number: per_hour(throttle.codes_per_number),
        code_address: per_hour(throttle.codes_per_address),
        pairing_person: per_hour(throttle.pairings_per_person),
        pairing_address: per_hour(throttle.pairings_per_address),
        rooms_person: per_hour(throttle.rooms_per_person),
        members_person: per_hour(throttle.members_per_person),
        number_claims_person: per_hour(throttle.number_claims_per_person),
        blocks_person: per_hour(throttle.blocks_per_person),
        new_password: per_hour(throttle.new_passwords_per_person),
        token_refresh: per_hour(throttle.token_refreshes_per_person),
        rename: within(throttle.renames_per_person, TimeDelta::days(1)),
        profile_change: per_hour(throttle.profile_changes_per_person),
        export: per_hour(throttle.exports_per_person),
    };
    RateLimits::new(hmac_key, limits::throttled(settings, rules))
}

pub(super) fn phone_verification(settings: &Settings) -> Result<Option<PhoneVerification>> {
    if !settings.verification.enabled {
        return Ok(None);
    }
    Ok(Some(PhoneVerification {
        sms: SmsQueue::new(sms_sender(&settings.sms)?),
        countries: settings.verification.countries.clone(),
    }))
}

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
    let client = GithubClient::new(
        &github.client_id,
        github.client_secret.expose(),
        endpoints,
        Duration::from_secs(github.timeout_seconds),
    )?;
    Ok(Some(GithubLogin {
        github: client,
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
        SmsProvider::Webhook => Arc::new(WebhookSender::new(
            sms.webhook_url.clone(),
            sms.webhook_secret.expose().to_owned(),
            timeout,
        )),
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
            Arc::new(AliyunSender::new(
                &sms.aliyun_url,
                sms.aliyun_key_id.clone(),
                sms.aliyun_key_secret.expose().to_owned(),
                templates,
                timeout,
            )?)
        }
    })
}

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
            "Password hashes rejected because the queue was full",
            hasher.rejected.clone(),
        );
        registry.register_collector(Box::new(Queues {
            writer: realtime.writer.clone(),
            hasher: hasher.clone(),
        }));
    })
}

pub(super) fn realtime(
    settings: &Settings,
    database: &Database,
    epoch: String,
) -> Result<Realtime> {
    let store = Arc::new(database.clone());
    let hub = Arc::new(Hub::new(store.clone()));
    let messages = &settings.messages;
    let log = MessageWriter::new(database.clone());
    let writer = Writer::start(log, hub.clone(), messages.queue_size).map_err(Error::internal)?;
    Ok(Realtime {
        hub,
        writer,
        store,
        presence: Presence::default(),
        rate_limiter: UserRateLimiter::new(
            messages.posts_per_second,
            messages.burst,
            settings.throttle.enabled,
        ),
        connection_limiter: ConnectionLimiter::new(
            limits::throttled(settings, settings.socket.per_user),
            settings.socket.total,
        ),
        limits: ClientLimits {
            content_chars: content::MAX_CHARS,
            posts_per_second: messages.posts_per_second,
            burst: messages.burst,
            upload_bytes: 0,
        },
        epoch,
        version: env!("CARGO_PKG_VERSION"),
        poll_requested: Notify::new(),
    })
}
