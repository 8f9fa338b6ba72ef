//! What the settings say about who is trusted with what, as the parts of the program take it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;
use chrono::TimeDelta;

use super::limits;
use crate::config::{Accounts, Invites, Registration, Sender, Settings, Sms};
use crate::controllers::concerns::throttle::{Rules, Throttles};
use crate::controllers::{GitHubDoor, Verifying};
use crate::error::Result;
use crate::github::{Addresses, GitHub};
use crate::models::auth::invite::Makers;
use crate::models::auth::rate_limit::Rule;
use crate::models::room::direct;
use crate::models::user::Policy;
use crate::models::values::signing::Keyed;
use crate::services::password_hasher::{Cost, Hasher};
use crate::sms::{self, Outbox};

/// Hashes with the key that signs cookies.
pub(super) fn keyed(key: &Key) -> Keyed {
    Keyed::new(key.signing())
}

/// What passwords are hashed with.
pub(super) fn hasher(accounts: &Accounts) -> Result<Hasher> {
    let cost = Cost {
        memory_kib: accounts.hash_memory_kib,
        passes: accounts.hash_passes,
    };
    Hasher::new(
        cost,
        accounts.hash_permits,
        accounts.hash_queue,
        accounts.hash_queue_per_address,
    )
}

/// Who may register.
pub(super) fn policy(accounts: &Accounts) -> Policy {
    match accounts.registration {
        Registration::Open => Policy::Open,
        Registration::Invite => Policy::Invite,
        Registration::Closed => Policy::Closed,
    }
}

/// Who may invite others.
pub(super) fn makers(accounts: &Accounts) -> Makers {
    match accounts.invites {
        Invites::Members => Makers::Members,
        Invites::Admins => Makers::Admins,
    }
}

fn within(tries: i32, window: TimeDelta) -> Rule {
    Rule {
        tries,
        window,
        wait: None,
    }
}

/// How often a person may look others up by number, and begin to write to others.
pub(super) fn direct_limits(settings: &Settings, keyed: Keyed) -> Option<direct::Limits> {
    let throttle = &settings.throttle;
    let limits = direct::Limits {
        keyed,
        number_lookups: within(throttle.number_lookups_per_person, TimeDelta::hours(1)),
        new_rooms: within(throttle.directs_per_person, TimeDelta::hours(1)),
    };
    limits::throttled(settings, limits)
}

/// How often things may be tried.
pub(super) fn throttles(settings: &Settings, keyed: Keyed) -> Throttles {
    let throttle = &settings.throttle;
    let rules = Rules {
        sign_in: Rule {
            tries: throttle.sign_in_failures,
            window: TimeDelta::seconds(throttle.sign_in_window_seconds),
            wait: Some(TimeDelta::seconds(throttle.sign_in_wait_seconds)),
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
    Throttles::new(keyed, limits::throttled(settings, rules))
}

/// How numbers are verified, if they are.
pub(super) fn verifying(settings: &Settings) -> Result<Option<Verifying>> {
    if !settings.verification.enabled {
        return Ok(None);
    }
    Ok(Some(Verifying {
        outbox: Outbox::new(sender(&settings.sms)?),
        countries: settings.verification.countries.clone(),
    }))
}

/// GitHub, if people may sign in with it.
pub(super) fn github(settings: &Settings) -> Result<Option<GitHubDoor>> {
    let github = &settings.github;
    if !github.is_on() {
        return Ok(None);
    }
    let addresses = Addresses {
        authorize: github.authorize_url.clone(),
        token: github.token_url.clone(),
        user: github.user_url.clone(),
    };
    let (id, secret) = (&github.client_id, github.client_secret.expose());
    let timeout = Duration::from_secs(github.timeout_seconds);
    Ok(Some(GitHubDoor {
        github: GitHub::new(id, secret, addresses, timeout)?,
        client_callback: github.client_callback.clone(),
    }))
}

fn sender(sms: &Sms) -> Result<Arc<dyn sms::Sender>> {
    let timeout = Duration::from_secs(sms.timeout_seconds);
    Ok(match sms.sender {
        Sender::Log => Arc::new(sms::Log::default()),
        Sender::Command => Arc::new(sms::Command {
            program: sms.command.clone(),
            timeout,
        }),
        Sender::Webhook => {
            let secret = sms.webhook_secret.expose().to_owned();
            Arc::new(sms::Webhook::new(sms.webhook_url.clone(), secret, timeout))
        }
        Sender::Twilio => Arc::new(sms::Twilio::new(
            &sms.twilio_url,
            &sms.twilio_account,
            sms.twilio_token.expose(),
            sms.twilio_from.clone(),
            timeout,
        )),
        Sender::Aliyun => {
            let templates = sms::AliyunTemplates {
                sign_name: sms.aliyun_sign_name.clone(),
                code: sms.aliyun_code_template.clone(),
                notice: sms.aliyun_notice_template.clone(),
            };
            let (id, secret) = (&sms.aliyun_key_id, sms.aliyun_key_secret.expose());
            let (id, secret) = (id.clone(), secret.to_owned());
            let aliyun = sms::Aliyun::new(&sms.aliyun_url, id, secret, templates, timeout)?;
            Arc::new(aliyun)
        }
    })
}
