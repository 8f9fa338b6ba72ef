//! Signing in another device, as people see it in Chromium at both windows.

use crate::support::{Browser, Profile, Teahouse};

const MING: &str = "+8613800770001";

/// What axe finds, how wide the page is and what Chromium complained about, as large and small, light and dark.
async fn nothing_wrong(browser: &Browser, what: &str) {
    browser.suits_everybody(what).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{what}: {complaints:#?}");
}

async fn text(browser: &Browser, selector: &str) -> String {
    browser.find(selector).await.text().await.expect("text")
}

/// Makes a code in the settings; answers the path that the other device's camera would find.
async fn makes_a_code(browser: &Browser) -> String {
    browser.visit("/settings/sessions").await;
    browser.click("#pairing-begin button").await;
    browser.find("#pairing[data-state=open] svg.qr").await;
    let link = browser.find("#link").await.value().await;
    let link = link.expect("a value").expect("a link");
    let at = link.find("/pairings/").expect("a path");
    link[at..].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_comes_in_while_both_windows_look_on() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.look_at().await;
    ming.register(MING, "Ming").await;
    let path = makes_a_code(&ming).await;
    nothing_wrong(&ming, "the code").await;
    let phone = Browser::open(&house, Profile::Chinese).await;
    phone.look_at().await;
    phone.visit(&path).await;
    phone.find("#pairing[data-state=open]").await;
    nothing_wrong(&phone, "the question").await;
    phone.click("#pairing-ask button").await;
    phone.find("#pairing[data-state=asked]").await;
    // Here it appears by itself, and both show the same.
    let code = text(&ming, "#pairing[data-state=asked] #pairing-code").await;
    assert_eq!(code, text(&phone, "#pairing-code").await);
    let device = text(&ming, "#pairing-device").await;
    assert!(device.starts_with("Chrome · Linux · 127.0.0.1"), "{device}");
    nothing_wrong(&ming, "who wants to come in").await;
    nothing_wrong(&phone, "waiting").await;
    ming.click("#pairing-allow button").await;
    phone.find("#composer-content").await;
    phone.connected().await;
    ming.find("#pairing[data-state=used] #pairing-used").await;
    nothing_wrong(&ming, "it is in").await;
    phone.say("from the phone").await;
    ming.visit("/rooms/1").await;
    ming.sees("from the phone").await;
    phone.visit(&path).await;
    phone.find("#pairing[data-state=over]").await;
    nothing_wrong(&phone, "a code that was used").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_comes_in_without_scripts_and_another_is_refused() {
    let (house, [person]) = Teahouse::with_people(["Ming"]).await;
    let ming = Browser::open(&house, Profile::WithoutScripts).await;
    ming.visit("/login").await;
    ming.sign_in(&person.phone).await;
    for (button, state) in [("#pairing-refuse", "refused"), ("#pairing-allow", "used")] {
        let path = makes_a_code(&ming).await;
        let phone = Browser::open(&house, Profile::WithoutScripts).await;
        phone.visit(&path).await;
        phone.click("#pairing-ask button").await;
        phone.find("#pairing[data-state=asked]").await;
        ming.click("#pairing-look").await;
        let code = text(&ming, "#pairing[data-state=asked] #pairing-code").await;
        assert_eq!(code, text(&phone, "#pairing-code").await);
        ming.click(&format!("{button} button")).await;
        phone.click("#pairing-look").await;
        if state == "used" {
            phone.find("#pairing[data-state=allowed]").await;
            phone.click("#pairing-enter button").await;
            phone.find("#composer-content").await;
            ming.click("#pairing-look").await;
        } else {
            phone.find("#pairing[data-state=refused]").await;
        }
        ming.find(&format!("#pairing[data-state={state}]")).await;
    }
}
