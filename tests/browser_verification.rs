//! Verification codes, password links and invitations in Chromium.

use crate::support::{Browser, Person, Profile, SmsProvider, Teahouse, person::PASSWORD};

const PHONE: &str = "+8613800990001";
const NEW_PASSWORD: &str = "a new one, long enough";

fn server(sms: &SmsProvider) -> Teahouse {
    Teahouse::with(&[
        ("TEAHOUSE__VERIFICATION__ENABLED", "true"),
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        ("TEAHOUSE__SMS__WEBHOOK_URL", &sms.url),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ])
}

/// Returns a different code.
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

/// Waits for an error beside the field that contains this text.
async fn wait_for_code_error(browser: &Browser, what: &str) {
    let script = format!(
        "return document.querySelector('#code-error')?.innerText.includes('{what}') ?? false"
    );
    browser
        .wait_until(&format!("the error contains {what}"), &script)
        .await;
}

async fn check_page(browser: &Browser) {
    browser.check_accessibility(&browser.path().await).await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_rejects_wrong_expired_and_reused_codes() {
    let sms = SmsProvider::responding(204, "");
    let server = server(&sms);
    let ming = Browser::open(&server, Profile::English).await;
    submit_registration(&ming, "Ming").await;
    check_page(&ming).await;
    let code = sms.code(0).await;
    type_code(&ming, &different_code(&code)).await;
    wait_for_code_error(&ming, "4 tries left").await;
    server.execute("UPDATE verifications SET expires_at = '2020-01-01 00:00:00.000'");
    type_code(&ming, &code).await;
    wait_for_code_error(&ming, "no longer valid").await;
    check_page(&ming).await;
    ming.click("#again button").await;
    let second = sms.code(1).await;
    ming.wait_until(
        "no error is shown",
        "return !document.querySelector('#code-error')",
    )
    .await;
    type_code(&ming, &second).await;
    ming.find("#composer-content").await;
    // The code is used up; going back to its page redirects.
    ming.visit("/verification").await;
    assert!(!ming.path().await.starts_with("/verification"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn password_is_reset_by_code_without_scripts() {
    let sms = SmsProvider::responding(204, "");
    let server = server(&sms);
    let ming = Browser::open(&server, Profile::WithoutScripts).await;
    submit_registration(&ming, "Ming").await;
    type_code(&ming, &sms.code(0).await).await;
    ming.find("#composer-content").await;
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
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
    let admin = Browser::open(&server, Profile::Chinese).await;
    admin.register(PHONE, "admin").await;
    Person::register(&server, "mei").await;
    admin.visit("/settings/security").await;
    check_page(&admin).await;
    admin.visit("/security_events").await;
    admin.find("#events [data-kind='registered']").await;
    check_page(&admin).await;
    admin.visit("/password_links").await;
    admin.fill("#username", "mei").await;
    admin.click("#password-link button[type=submit]").await;
    let link = admin
        .find("#link")
        .await
        .value()
        .await
        .expect("a value")
        .expect("a link");
    admin.find("svg.qr").await;
    check_page(&admin).await;
    let mei = Browser::open(&server, Profile::English).await;
    let path = link.trim_start_matches(&server.url);
    mei.visit(path).await;
    mei.find("#new-password").await;
    check_page(&mei).await;
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
    let admin = Browser::open(&server, Profile::English).await;
    admin.register(PHONE, "admin").await;
    admin.visit("/people").await;
    admin.click("#invite-link").await;
    admin.find("#new-invite").await;
    check_page(&admin).await;
    admin.fill("#uses", "1").await;
    admin.click("#new-invite button[type=submit]").await;
    let link = admin
        .find("#link-1")
        .await
        .value()
        .await
        .expect("a value")
        .expect("a link");
    admin.click(".qr-details summary").await;
    admin.find("svg.qr").await;
    check_page(&admin).await;
    let mei = Browser::open(&server, Profile::English).await;
    mei.visit("/register").await;
    mei.find("#closed").await;
    check_page(&mei).await;
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
    let sms = SmsProvider::responding(204, "");
    let server = server(&sms);
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
    check_page(&ming).await;
    ask(PASSWORD).await;
    ming.find("#verification").await;
    check_page(&ming).await;
    let code = sms.code(1).await;
    type_code(&ming, &different_code(&code)).await;
    wait_for_code_error(&ming, "4 tries left").await;
    // The old number stays until the correct code is entered.
    let numbers = "SELECT phone AS value FROM users";
    assert_eq!(server.strings(numbers), [PHONE]);
    type_code(&ming, &code).await;
    ming.find("#phone-number[role=status]").await;
    let shown = ming.find(".settings-value").await.text().await;
    assert_eq!(shown.expect("text"), NEW);
    check_page(&ming).await;
    ming.resize(1280, 900, "light").await;
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
    ming.sign_in(NEW).await;
    ming.find("#composer-content").await;
}
