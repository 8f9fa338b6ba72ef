//! Codes, links and invitations, as people see them in Chromium.

use crate::support::{Browser, Person, Phones, Profile, Teahouse, person::PASSWORD};

const PHONE: &str = "+8613800990001";
const NEW_PASSWORD: &str = "a new one, long enough";

fn house(phones: &Phones) -> Teahouse {
    Teahouse::with(&[
        ("TEAHOUSE__VERIFICATION__ENABLED", "true"),
        ("TEAHOUSE__SMS__SENDER", "webhook"),
        ("TEAHOUSE__SMS__WEBHOOK_URL", &phones.url),
        ("TEAHOUSE__SMS__WEBHOOK_SECRET", "a webhook's secret"),
    ])
}

/// Another code than this one.
fn other(code: &str) -> String {
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

/// Waits for a sentence beside the field that says this.
async fn is_told(browser: &Browser, what: &str) {
    let script = format!(
        "return document.querySelector('#code-error')?.innerText.includes('{what}') ?? false"
    );
    browser.until(&format!("it is said: {what}"), &script).await;
}

async fn nothing_wrong(browser: &Browser) {
    browser.suits_everybody(&browser.path().await).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_registers_with_wrong_expired_and_repeated_codes_and_at_last_the_right_one() {
    let phones = Phones::answering(204, "");
    let house = house(&phones);
    let ming = Browser::open(&house, Profile::English).await;
    submit_registration(&ming, "Ming").await;
    nothing_wrong(&ming).await;
    let code = phones.code(0).await;
    type_code(&ming, &other(&code)).await;
    is_told(&ming, "4 tries left").await;
    house
        .database()
        .run("UPDATE verifications SET expires_at = '2020-01-01 00:00:00.000'");
    type_code(&ming, &code).await;
    is_told(&ming, "no longer valid").await;
    nothing_wrong(&ming).await;
    ming.click("#again button").await;
    let second = phones.code(1).await;
    ming.until(
        "no mistake is shown",
        "return !document.querySelector('#code-error')",
    )
    .await;
    type_code(&ming, &second).await;
    ming.find("#composer-content").await;
    // The code was good once; back on its page there is nothing to type any more.
    ming.visit("/verification").await;
    assert!(!ming.path().await.starts_with("/verification"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_without_scripts_forgot_the_password_and_gets_in_by_a_code() {
    let phones = Phones::answering(204, "");
    let house = house(&phones);
    let ming = Browser::open(&house, Profile::WithoutScripts).await;
    submit_registration(&ming, "Ming").await;
    type_code(&ming, &phones.code(0).await).await;
    ming.find("#composer-content").await;
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
    ming.click("a[href='/password_reset']").await;
    ming.fill("#phone", PHONE).await;
    ming.click("#password-reset button[type=submit]").await;
    ming.find("#verification").await;
    type_code(&ming, &phones.code(1).await).await;
    ming.fill("#password", NEW_PASSWORD).await;
    ming.click("#new-password button[type=submit]").await;
    ming.find("#composer-content").await;
    ming.visit("/settings/security").await;
    ming.find("#events [data-kind='password-reset']").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admins_link_lets_somebody_back_in() {
    let house = Teahouse::start();
    let admin = Browser::open(&house, Profile::Chinese).await;
    admin.register(PHONE, "admin").await;
    Person::register(&house, "mei").await;
    admin.visit("/settings/security").await;
    nothing_wrong(&admin).await;
    admin.visit("/security_events").await;
    admin.find("#events [data-kind='registered']").await;
    nothing_wrong(&admin).await;
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
    nothing_wrong(&admin).await;
    let mei = Browser::open(&house, Profile::English).await;
    let path = link.trim_start_matches(&house.url);
    mei.visit(path).await;
    mei.find("#new-password").await;
    nothing_wrong(&mei).await;
    mei.fill("#password", "password1").await;
    mei.click("#new-password button[type=submit]").await;
    mei.find("#password-error").await;
    mei.fill("#password", NEW_PASSWORD).await;
    mei.click("#new-password button[type=submit]").await;
    mei.find("#composer-content").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_invited_and_comes() {
    let house = Teahouse::with(&[("TEAHOUSE__ACCOUNTS__REGISTRATION", "invite")]);
    let admin = Browser::open(&house, Profile::English).await;
    admin.register(PHONE, "admin").await;
    admin.visit("/people").await;
    admin.click("#invite-link").await;
    admin.find("#new-invite").await;
    nothing_wrong(&admin).await;
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
    nothing_wrong(&admin).await;
    let mei = Browser::open(&house, Profile::English).await;
    mei.visit("/register").await;
    mei.find("#closed").await;
    nothing_wrong(&mei).await;
    mei.visit(link.trim_start_matches(&house.url)).await;
    mei.fill("#phone", "+8613800990002").await;
    mei.fill("#username", "mei").await;
    mei.fill("#password", PASSWORD).await;
    mei.click("#register button[type=submit]").await;
    mei.find("#composer-content").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_number_is_mine_once_the_code_that_came_to_it_is_typed() {
    const NEW: &str = "+8613800990009";
    let phones = Phones::answering(204, "");
    let house = house(&phones);
    let ming = Browser::open(&house, Profile::English).await;
    submit_registration(&ming, "Ming").await;
    type_code(&ming, &phones.code(0).await).await;
    ming.find("#composer-content").await;
    let ask = async |password: &str| {
        ming.visit("/settings/account").await;
        ming.fill("#phone-form #phone", NEW).await;
        ming.fill("#phone_password", password).await;
        ming.click("#phone-form button[type=submit]").await;
    };
    ask("not the password").await;
    ming.find("#phone_password-error").await;
    nothing_wrong(&ming).await;
    ask(PASSWORD).await;
    ming.find("#verification").await;
    nothing_wrong(&ming).await;
    let code = phones.code(1).await;
    type_code(&ming, &other(&code)).await;
    is_told(&ming, "4 tries left").await;
    // It is the old one until the right code is typed.
    let numbers = "SELECT phone AS value FROM users";
    assert_eq!(house.database().words(numbers), [PHONE]);
    type_code(&ming, &code).await;
    ming.find("#phone-number[role=status]").await;
    let shown = ming.find(".settings-value").await.text().await;
    assert_eq!(shown.expect("text"), NEW);
    nothing_wrong(&ming).await;
    ming.resize(1280, 900, "light").await;
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
    ming.sign_in(NEW).await;
    ming.find("#composer-content").await;
}
