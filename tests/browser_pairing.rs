//! Pairing another device, in Chromium at both devices.

use crate::browser::server_and_ming;
use crate::support::{Browser, Profile, Teahouse};

/// Creates a pairing code in the settings and returns the path in its QR code.
async fn create_code(browser: &Browser) -> String {
    browser.visit("/settings/sessions").await;
    browser.click("#pairing-begin button").await;
    browser.find("#pairing[data-state=open] svg.qr").await;
    let link = browser.value_of("#link").await;
    let at = link.find("/pairings/").expect("a path");
    link[at..].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phone_is_paired_while_both_windows_show_the_state() {
    let (server, ming) = server_and_ming().await;
    let path = create_code(&ming).await;
    ming.check_page("the code").await;
    let phone = Browser::open(&server, Profile::Chinese).await;
    phone.visit(&path).await;
    phone.find("#pairing[data-state=open]").await;
    phone.check_page("the question").await;
    phone.click("#pairing-ask button").await;
    phone.find("#pairing[data-state=asked]").await;
    // The request appears without a reload, and both windows show the same code.
    let code = ming
        .text_of("#pairing[data-state=asked] #pairing-code")
        .await;
    assert_eq!(code, phone.text_of("#pairing-code").await);
    let device = ming.text_of("#pairing-device").await;
    assert!(device.starts_with("Chrome · Linux · 127.0.0.1"), "{device}");
    ming.check_page("who wants to come in").await;
    phone.check_page("waiting").await;
    ming.click("#pairing-allow button").await;
    phone.find("#composer-content").await;
    phone.wait_until_connected().await;
    ming.find("#pairing[data-state=used] #pairing-used").await;
    ming.check_page("it is in").await;
    phone.say("from the phone").await;
    ming.visit("/rooms/1").await;
    ming.wait_for_message("from the phone").await;
    phone.visit(&path).await;
    phone.find("#pairing[data-state=over]").await;
    phone.check_page("a code that was used").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phone_is_paired_without_scripts_and_a_second_request_is_denied() {
    let (server, [person]) = Teahouse::with_users(["Ming"]).await;
    let ming = Browser::open(&server, Profile::WithoutScripts).await;
    ming.visit("/login").await;
    ming.sign_in(&person.phone).await;
    for (button, state) in [("#pairing-refuse", "refused"), ("#pairing-allow", "used")] {
        let path = create_code(&ming).await;
        let phone = Browser::open(&server, Profile::WithoutScripts).await;
        phone.visit(&path).await;
        phone.click("#pairing-ask button").await;
        phone.find("#pairing[data-state=asked]").await;
        ming.click("#pairing-look").await;
        let code = ming
            .text_of("#pairing[data-state=asked] #pairing-code")
            .await;
        assert_eq!(code, phone.text_of("#pairing-code").await);
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
