//! Sends messages through Aliyun's Short Message Service, `SendSms` of 2017-05-25, with "signature method V3":
//! <https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature>

use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use ureq::Agent;
use ureq::http::StatusCode;
use url::{Position, Url};
use uuid::Uuid;

use super::{SmsMessage, SmsSender};
use crate::error::{Error, Result};
use crate::models::values::signing::{hmac_sha256, sha256};
use crate::services::http_client;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The approved signature and templates: Aliyun sends no free text.
pub struct AliyunTemplates {
    /// The approved signature, such as the company's name.
    pub sign_name: String,
    /// The template with a `${code}` variable.
    pub code: String,
    /// The template without variables. If empty, messages without a code are not sent.
    pub notice: String,
}

/// A client of Aliyun's API.
pub struct AliyunSender {
    agent: Agent,
    url: String,
    host: String,
    key_id: String,
    key_secret: String,
    templates: AliyunTemplates,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct SendSmsResponse {
    code: String,
}

impl AliyunSender {
    /// Creates a client of the endpoint at `url`.
    ///
    /// # Errors
    /// `Unavailable` when `url` is invalid.
    pub fn new(
        url: &str,
        key_id: String,
        key_secret: String,
        templates: AliyunTemplates,
        timeout: Duration,
    ) -> Result<Self> {
        let parsed: Option<Url> = url.parse().ok().filter(Url::has_host);
        let parsed =
            parsed.ok_or_else(|| Error::Unavailable("sms.aliyun_url is not a URL".into()))?;
        Ok(Self {
            agent: http_client::build(timeout),
            url: url.trim_end_matches('/').to_owned(),
            host: parsed[Position::BeforeHost..Position::AfterPort].to_owned(),
            key_id,
            key_secret,
            templates,
        })
    }
}

impl SmsSender for AliyunSender {
    fn send(&self, message: &SmsMessage) -> Result<()> {
        let template = match &message.code {
            Some(_) => &self.templates.code,
            None => &self.templates.notice,
        };
        if template.is_empty() {
            return Ok(());
        }
        let values = json!({"code": message.code}).to_string();
        let mut query = vec![
            ("PhoneNumbers", message.number.trim_start_matches('+')),
            ("SignName", &self.templates.sign_name),
            ("TemplateCode", template),
        ];
        if message.code.is_some() {
            query.push(("TemplateParam", &values));
        }
        let query = canonical_query(&query);
        let mut headers = vec![
            ("host", self.host.clone()),
            ("x-acs-action", "SendSms".to_owned()),
            ("x-acs-content-sha256", sha256(b"")),
            (
                "x-acs-date",
                Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            ),
            ("x-acs-signature-nonce", Uuid::new_v4().simple().to_string()),
            ("x-acs-version", "2017-05-25".to_owned()),
        ];
        let signed = authorization(&self.key_id, &self.key_secret, &query, &headers)?;
        headers.push(("authorization", signed));
        let mut request = self.agent.post(format!("{}/?{query}", self.url));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = http_client::read_response("Aliyun", request.send_empty());
        let (status, text) = response.map_err(Error::Unavailable)?;
        let SendSmsResponse { code } = serde_json::from_str(&text).unwrap_or_default();
        if status == StatusCode::OK && code == "OK" {
            return Ok(());
        }
        // Only an identifier such as isv.BUSINESS_LIMIT_CONTROL is logged; other text may contain the phone number.
        let is_name = |c: char| c.is_ascii_alphabetic() || "._".contains(c);
        let is_logged = code.len() < 64 && code.chars().all(is_name);
        let code = if is_logged { code.as_str() } else { "unknown" };
        let cause = format!("Aliyun returned status {}, error {code}", status.as_u16());
        Err(Error::Unavailable(cause))
    }
}

/// Returns the query string with parameters sorted and percent-encoded (RFC 3986).
fn canonical_query(parameters: &[(&str, &str)]) -> String {
    let encode = |text| utf8_percent_encode(text, RESERVED);
    let pairs = parameters.iter();
    let mut pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.sort();
    pairs.join("&")
}

/// Returns the `Authorization` header of a POST to `/` with an empty body. `headers` must be sorted by name.
fn authorization(
    key_id: &str,
    key_secret: &str,
    query: &str,
    headers: &[(&str, String)],
) -> Result<String> {
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{}\n", value.trim()))
        .collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let request = format!("POST\n/\n{query}\n{lines}\n{names}\n{}", sha256(b""));
    let to_sign = format!("{ALGORITHM}\n{}", sha256(request.as_bytes()));
    let signature = hmac_sha256(key_secret.as_bytes(), &[to_sign.as_bytes()]);
    Ok(format!(
        "{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_matches_the_example_in_aliyuns_documentation() {
        let query = canonical_query(&[
            (
                "ImageId",
                "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
            ),
            ("RegionId", "cn-shanghai"),
        ]);
        let headers = [
            ("host", "ecs.cn-shanghai.aliyuncs.com".to_owned()),
            ("x-acs-action", "RunInstances".to_owned()),
            ("x-acs-content-sha256", sha256(b"")),
            ("x-acs-date", "2023-10-26T10:22:32Z".to_owned()),
            (
                "x-acs-signature-nonce",
                "3156853299f313e23d1673dc12e1703d".to_owned(),
            ),
            ("x-acs-version", "2014-05-26".to_owned()),
        ];
        let signed = authorization("YourAccessKeyId", "YourAccessKeySecret", &query, &headers);
        let signed = signed.expect("signed");
        assert_eq!(
            signed,
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;\
             x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=\
             06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }
}
