//! The key that signs cookies: whoever knows it can make them.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::finding::Finding;
use crate::config::{Environment, Settings};

const CHECK: &str = "secret key";
/// Bytes.
const LENGTH: u64 = 64;

/// Checks that it is there, long enough, and nobody else's to read.
pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let path = settings.data.dir.join("secret.key");
    let shown = path.display();
    if !settings.data.secret_key.expose().is_empty() {
        let is_exposed =
            fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o007 != 0);
        return vec![match is_exposed {
            true => Finding::fail(
                CHECK,
                format!(
                    "from the settings, but others may read {shown}: in production the program refuses to start"
                ),
                format!("chmod 600 {shown}"),
            ),
            false => Finding::ok(CHECK, "from the settings"),
        }];
    }
    if settings.environment == Environment::Production {
        return vec![Finding::fail(
            CHECK,
            "there is none, and in production the program does not make one",
            "TEAHOUSE__DATA__SECRET_KEY=… (`openssl rand -hex 64` makes one)",
        )];
    }
    let finding = match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::ok(CHECK, format!("{shown} is made when the program starts"))
        }
        Err(error) => Finding::fail(
            CHECK,
            format!("{shown} cannot be read: {error}"),
            format!("chown it to whom the program runs as, and chmod 600 {shown}"),
        ),
        Ok(file) if file.len() < LENGTH => Finding::fail(
            CHECK,
            format!("{shown} is too short"),
            format!("rm {shown}; the program makes another, and everybody signs in again"),
        ),
        Ok(file) if file.permissions().mode() & 0o077 != 0 => Finding::fail(
            CHECK,
            format!("others may read {shown} (mode {:03o})", file.mode() & 0o777),
            format!("chmod 600 {shown}"),
        ),
        Ok(_) => Finding::ok(CHECK, format!("{shown}, mode 600")),
    };
    vec![finding]
}
