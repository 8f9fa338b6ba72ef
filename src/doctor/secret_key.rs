//! Checks the secret key, which signs cookies.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;

use super::finding::Finding;
use crate::config::{Environment, Settings};

const CHECK: &str = "secret key";
const MIN_BYTES: u64 = 64;

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let path = settings.data.dir.join("secret.key");
    let shown = path.display();
    let file = fs::metadata(&path);
    let mode = file.as_ref().map_or(0, |file| file.mode() & 0o777);
    let chmod = format!("chmod 600 {shown}");
    if !settings.data.secret_key.expose().is_empty() {
        let what = format!(
            "from the settings, but other users can read {shown}: in production the server refuses to start"
        );
        return vec![match mode & 0o007 != 0 {
            true => Finding::fail(CHECK, what, chmod),
            false => Finding::ok(CHECK, "from the settings"),
        }];
    }
    if settings.environment == Environment::Production {
        return vec![Finding::fail(
            CHECK,
            "missing; in production the server does not generate one",
            "TEAHOUSE__DATA__SECRET_KEY=… (generate it with `openssl rand -hex 64`)",
        )];
    }
    vec![match file {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::ok(CHECK, format!("{shown} is created when the server starts"))
        }
        Err(error) => Finding::fail(
            CHECK,
            format!("cannot read {shown}: {error}"),
            format!("chown it to the server's user, and {chmod}"),
        ),
        Ok(file) if file.len() < MIN_BYTES => Finding::fail(
            CHECK,
            format!("{shown} is too short"),
            format!("rm {shown}; the server generates a new one, and all users must sign in again"),
        ),
        Ok(_) if mode & 0o077 != 0 => {
            let what = format!("other users can read {shown} (mode {mode:03o})");
            Finding::fail(CHECK, what, chmod)
        }
        Ok(_) => Finding::ok(CHECK, format!("{shown}, mode 600")),
    }]
}
