//! Settings in Chromium: avatar, appearance, devices, account deletion.

use crate::browser::{expect_no_console_errors, server_and_ming};
use crate::support::images::{CAMERA_MODEL, photo};
use crate::support::person::PASSWORD;
use crate::support::{Browser, Profile, Teahouse};
use std::time::{Duration, Instant};

const MING: &str = "+8613800138000";

/// Waits until the account's avatar is loaded and returns its URL.
async fn avatar_url(browser: &Browser) -> String {
    let drawn = "const i = document.querySelector('.account .avatar img'); return i?.complete && i.naturalWidth === 256 && i.getAttribute('src')";
    let url = browser.wait_until("the avatar is loaded", drawn).await;
    url.as_str().expect("an address").to_owned()
}

/// Selects a file in the avatar form.
async fn choose_avatar(browser: &Browser, path: &std::path::Path) {
    let field = browser.find("#avatar").await;
    let typed = field.send_keys(path.display().to_string()).await;
    typed.expect("chosen");
}

/// Uploads a 12-megapixel photo and checks the resulting avatar.
async fn check_avatar_upload(profile: Profile) {
    let server = Teahouse::start();
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("IMG_0001.jpg");
    std::fs::write(&path, photo()).expect("written");
    let ming = Browser::open(&server, profile).await;
    ming.register(MING, "Ming").await;
    ming.click("#settings-link").await;
    choose_avatar(&ming, &path).await;
    if profile != Profile::WithoutScripts {
        ming.find(".avatar-editor > .avatar img[src^='blob:']")
            .await;
    }
    ming.click("#avatar-form button[type=submit]").await;
    ming.find("#picture[role=status]").await;
    let url = avatar_url(&ming).await;
    let bytes = server.number("SELECT LENGTH(picture) AS value FROM avatars");
    println!("{profile:?}: the avatar has {bytes} bytes");
    assert!(bytes <= 64 * 1024, "{bytes} bytes");
    let traces = format!(
        "SELECT COUNT(*) AS value FROM avatars WHERE INSTR(HEX(picture), '{}') > 0 OR INSTR(HEX(picture), '45786966') > 0",
        CAMERA_MODEL
            .bytes()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>()
    );
    assert_eq!(server.number(&traces), 0);
    assert!(url.starts_with("/avatars/"), "{url}");
    // A file that is not an image: an error is shown beside the field and the avatar is kept.
    let page = folder.path().join("page.png");
    std::fs::write(&page, "<!doctype html><script>alert(1)</script>").expect("written");
    choose_avatar(&ming, &page).await;
    ming.click("#avatar-form button[type=submit]").await;
    ming.find("#avatar-error").await;
    assert_eq!(avatar_url(&ming).await, url);
    // A file that is too large gets a response instead of a reset connection.
    let large = folder.path().join("large.png");
    std::fs::write(&large, vec![7; 30 * 1024 * 1024]).expect("written");
    ming.visit("/settings/profile").await;
    choose_avatar(&ming, &large).await;
    ming.click("#avatar-form button[type=submit]").await;
    ming.find("#avatar-error").await;
    ming.click("#avatar-remove button").await;
    ming.wait_until("the avatar is removed", "return document.readyState === 'complete' && !document.querySelector('.account .avatar img')").await;
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photo_becomes_the_avatar() {
    check_avatar_upload(Profile::English).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photo_becomes_the_avatar_without_scripts() {
    check_avatar_upload(Profile::WithoutScripts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_another_device_closes_its_room() {
    let (server, [ming, bo]) = Teahouse::with_users(["Ming", "Bo"]).await;
    let room = bo.create_room("closed", "Backroom", &[&ming]).await;
    bo.say_in(&room, "between us").await;
    let (here, there) = (
        Browser::signed_in(&server, &ming).await,
        Browser::signed_in(&server, &ming).await,
    );
    there.open_room(&room).await;
    there.wait_for_message("between us").await;
    here.visit("/settings/sessions").await;
    let current = "return document.querySelectorAll('.device[data-current]').length === 1 && document.querySelectorAll('.device').length";
    // The session of the registration and those of both windows.
    assert_eq!(here.wait_until("the devices are listed", current).await, 3);
    // The window that signed in last is the first of the others.
    here.click(".device:not([data-current]) button").await;
    let start = Instant::now();
    here.find("#devices[role=status]").await;
    there.find("#login").await;
    let took = start.elapsed();
    println!("the room was closed after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!there.source().await.contains("between us"));
    here.click("#devices-end button").await;
    here.wait_until("all others are signed out", "return document.readyState === 'complete' && document.querySelectorAll('.device').length === 1").await;
    expect_no_console_errors(&[&here, &there]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn account_deletion_signs_out_all_windows() {
    let (server, [bo, ming]) = Teahouse::with_users(["Bo", "Ming"]).await;
    ming.say("it was nice here").await;
    let pair = ming.direct(&["Bo"]).await;
    ming.say_in(&pair, "goodbye").await;
    let (here, there) = (
        Browser::signed_in(&server, &ming).await,
        Browser::signed_in(&server, &ming).await,
    );
    let bo_window = Browser::signed_in(&server, &bo).await;
    bo_window.open_room(&pair).await;
    bo_window.wait_for_message("goodbye").await;
    here.visit("/settings/account").await;
    here.fill("#confirm", "Bo").await;
    here.fill("#delete_password", PASSWORD).await;
    here.click("#delete-form button[type=submit]").await;
    here.find("#confirm-error").await;
    here.fill("#confirm", "Ming").await;
    here.fill("#delete_password", PASSWORD).await;
    let start = Instant::now();
    here.click("#delete-form button[type=submit]").await;
    let script = "return location.pathname === '/farewell'";
    here.wait_until("the farewell page is shown", script).await;
    there.find("#login").await;
    println!(
        "the other window was signed out after {:?}",
        start.elapsed()
    );
    let condition =
        "return document.querySelector('.room-title h1').innerText === 'deleted person'";
    bo_window
        .wait_until("the conversation shows a deleted user", condition)
        .await;
    bo_window.visit("/rooms/1").await;
    bo_window.wait_for_message("it was nice here").await;
    assert_eq!(bo_window.text_of(".message-author").await, "deleted person");
    here.visit("/login").await;
    here.fill("#phone", &ming.phone).await;
    here.fill("#password", PASSWORD).await;
    here.click("#login button[type=submit]").await;
    here.find("#form-error").await;
    expect_no_console_errors(&[&here, &there, &bo_window]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appearance_settings_apply_at_once() {
    let (_server, ming) = server_and_ming().await;
    ming.post("what time is it?").await;
    ming.resize(1280, 900, "light").await;
    let paper = "return getComputedStyle(document.documentElement).backgroundColor";
    let light = ming.script(paper).await;
    ming.resize(1280, 900, "dark").await;
    let dark = ming.script(paper).await;
    assert_ne!(light, dark);
    // Against the system's preference, in both directions.
    for (scheme, choice, wanted) in [("dark", "light", &light), ("light", "dark", &dark)] {
        ming.resize(1280, 900, scheme).await;
        ming.visit("/settings/appearance").await;
        ming.click(&format!("input[name=appearance][value={choice}]"))
            .await;
        ming.click("input[name=time_format][value='12']").await;
        ming.click("input[name=locale][value='zh-CN']").await;
        ming.click("#appearance-form button[type=submit]").await;
        ming.find(&format!(
            "html[data-theme={choice}][lang=zh-CN] #appearance[role=status]"
        ))
        .await;
        assert_eq!(&ming.script(paper).await, wanted, "{choice}");
    }
    ming.visit_room("/rooms/1").await;
    let time = "return document.querySelector('.message-time').innerText";
    let time = ming.script(time).await.to_string();
    let is_shown =
        time.contains("午") || time.contains("上") || time.contains("凌晨") || time.contains("晚");
    assert!(is_shown, "{time}");
    ming.visit("/settings/appearance").await;
    ming.click("input[name=time_format][value='24']").await;
    ming.click("#appearance-form button[type=submit]").await;
    ming.find("#appearance[role=status]").await;
    ming.visit_room("/rooms/1").await;
    let script_ =
        "return /^\\d\\d:\\d\\d$/.test(document.querySelector('.message-time').innerText)";
    ming.wait_until("24 hours", script_).await;
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_accessible_in_each_size_and_color_scheme() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    ming.on_another_device(&server).await;
    let browser = Browser::signed_in(&server, &ming).await;
    for page in ["profile", "appearance", "privacy", "sessions", "account"] {
        browser.visit(&format!("/settings/{page}")).await;
        browser
            .find(&format!(".tab[aria-current][href='/settings/{page}']"))
            .await;
        browser.check_accessibility(page).await;
    }
    for form in ["phone-form", "password-form", "delete-form"] {
        browser.visit("/settings/account").await;
        browser.click(&format!("#{form} button[type=submit]")).await;
        browser.find(&format!("#{form} .field-error")).await;
        browser.check_accessibility(form).await;
    }
    browser.visit("/farewell").await;
    browser.check_accessibility("the last page").await;
    expect_no_console_errors(&[&browser]).await;
}
