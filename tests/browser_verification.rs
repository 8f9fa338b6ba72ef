//! Verification codes, password links and invitations in Chromium.

use crate::support::{Browser, Person, Profile, SmsProvider, Teahouse, person::PASSWORD};

const PHONE: &str = "+8613800990001";
const NEW_PASSWORD: &str = "a new one, long enough";

fn start() -> (SmsProvider, Teahouse) {
    let sms = SmsProvider::responding(204, "");
    let server = Teahouse::configured(&sms.settings());
    (sms, server)
}

fn different_code(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

async fn submit_registration(browser: &Browser, name: &str) {
    browser.visit("/register").await;
    browser.fill("#phone", PHONE).await;
    browser.fill("#username", name).await;
    browser.fill("#password", PASSWORD).await;
    browser.click("#register button[type=submit]").await;
    browser.find("#verification").await;
}

async fn type_code(browser: &Browser, code: &str) {
    browser.fill("#code", code).await;
    browser.click("#verification button[type=submit]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_rejects_wrong_expired_and_reused_codes() {
    let (sms, server) = start();
    let ming = Browser::open(&server, Profile::English).await;
    submit_registration(&ming, "Ming").await;
    ming.check_page(&ming.path().await).await;
    let code = sms.code(0).await;
    type_code(&ming, &different_code(&code)).await;
    ming.wait_for_text("#code-error", "4 tries left").await;
    server.execute("UPDATE verifications SET expires_at = '2020-01-01 00:00:00.000'");
    type_code(&ming, &code).await;
    ming.wait_for_text("#code-error", "no longer valid").await;
    ming.check_page(&ming.path().await).await;
    ming.click("#again button").await;
    let second = sms.code(1).await;
    let script = "return !document.querySelector('#code-error')";
    ming.wait_until("no error is shown", script).await;
    type_code(&ming, &second).await;
    ming.find("#composer-content").await;
    // The code is used up; going back to its page redirects.
    ming.visit("/verification").await;
    assert!(!ming.path().await.starts_with("/verification"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn password_is_reset_by_code_without_scripts() {
    let (sms, server) = start();
    let ming = Browser::open(&server, Profile::WithoutScripts).await;
    submit_registration(&ming, "Ming").await;
    type_code(&ming, &sms.code(0).await).await;
    ming.find("#composer-content").await;
    ming.sign_out().await;
    ming.click("a[href='/password_reset']").await;
    ming.fill("#phone", PHONE).await;
    ming.click("#password-reset button[type=submit]").await;
    ming.find("#verification").await;
    type_code(&ming, &sms.code(1).await).await;
    ming.fill("#password", NEW_PASSWORD).await;
    ming.click("#new-password button[type=submit]").await;
    ming.find("#composer-content").await;
    ming.visit("/settings/security").await;
    ming.find("#events [data-kind='password-reset']").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn password_link_of_an_admin_restores_access() {
    let server = Teahouse::start();
    let admin = Browser::registered(&server, Profile::Chinese, PHONE, "admin").await;
    Person::register(&server, "mei").await;
    admin.visit("/settings/security").await;
    admin.check_page(&admin.path().await).await;
    admin.visit("/security_events").await;
    admin.find("#events [data-kind='registered']").await;
    admin.check_page(&admin.path().await).await;
    admin.visit("/password_links").await;
    admin.fill("#username", "mei").await;
    admin.click("#password-link button[type=submit]").await;
    let link = admin.value_of("#link").await;
    admin.find("svg.qr").await;
    admin.check_page(&admin.path().await).await;
    let mei = Browser::open(&server, Profile::English).await;
    let path = link.trim_start_matches(&server.url);
    mei.visit(path).await;
    mei.find("#new-password").await;
    mei.check_page(&mei.path().await).await;
    mei.fill("#password", "password1").await;
    mei.click("#new-password button[type=submit]").await;
    mei.find("#password-error").await;
    mei.fill("#password", NEW_PASSWORD).await;
    mei.click("#new-password button[type=submit]").await;
    mei.find("#composer-content").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invited_user_registers() {
    let server = Teahouse::with(&[("TEAHOUSE__ACCOUNTS__REGISTRATION", "invite")]);
    let admin = Browser::registered(&server, Profile::English, PHONE, "admin").await;
    admin.visit("/people").await;
    admin.click("#invite-link").await;
    admin.find("#new-invite").await;
    admin.check_page(&admin.path().await).await;
    admin.fill("#uses", "1").await;
    admin.click("#new-invite button[type=submit]").await;
    let link = admin.value_of("#link-1").await;
    admin.click(".qr-details summary").await;
    admin.find("svg.qr").await;
    admin.check_page(&admin.path().await).await;
    let mei = Browser::open(&server, Profile::English).await;
    mei.visit("/register").await;
    mei.find("#closed").await;
    mei.check_page(&mei.path().await).await;
    mei.visit(link.trim_start_matches(&server.url)).await;
    mei.fill("#phone", "+8613800990002").await;
    mei.fill("#username", "mei").await;
    mei.fill("#password", PASSWORD).await;
    mei.click("#register button[type=submit]").await;
    mei.find("#composer-content").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_phone_number_is_stored_after_its_code_is_entered() {
    const NEW: &str = "+8613800990009";
    let (sms, server) = start();
    let ming = Browser::open(&server, Profile::English).await;
    submit_registration(&ming, "Ming").await;
    type_code(&ming, &sms.code(0).await).await;
    ming.find("#composer-content").await;
    let ask = async |password: &str| {
        ming.visit("/settings/account").await;
        ming.fill("#phone-form #phone", NEW).await;
        ming.fill("#phone_password", password).await;
        ming.click("#phone-form button[type=submit]").await;
    };
    ask("not the password").await;
    ming.find("#phone_password-error").await;
    ming.check_page(&ming.path().await).await;
    ask(PASSWORD).await;
    ming.find("#verification").await;
    ming.check_page(&ming.path().await).await;
    let code = sms.code(1).await;
    type_code(&ming, &different_code(&code)).await;
    ming.wait_for_text("#code-error", "4 tries left").await;
    // The old number stays until the correct code is entered.
    assert_eq!(server.strings("SELECT phone AS value FROM users"), [PHONE]);
    type_code(&ming, &code).await;
    ming.find("#phone-number[role=status]").await;
    let shown = ming.find(".settings-value").await.text().await;
    assert_eq!(shown.expect("text"), NEW);
    ming.check_page(&ming.path().await).await;
    ming.resize(1280, 900, "light").await;
    ming.sign_out().await;
    ming.sign_in(NEW).await;
    ming.find("#composer-content").await;
}
