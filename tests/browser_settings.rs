//! Settings in Chromium: a picture, the look of the pages, devices, and going.

use crate::support::person::PASSWORD;
use crate::support::pictures::{TELEPHONE, photograph};
use crate::support::{Browser, Profile, Teahouse};
use std::time::{Duration, Instant};

const MING: &str = "+8613800138000";

/// Nothing that a page did was refused by its own policy, and no script failed.
async fn nothing_to_complain_about(browsers: &[&Browser]) {
    for browser in browsers {
        let complaints = browser.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

/// The picture in the account's place, once it is drawn: its address.
async fn face(browser: &Browser) -> String {
    let drawn = "const i = document.querySelector('.account .avatar img'); return i?.complete && i.naturalWidth === 256 && i.getAttribute('src')";
    let url = browser.until("the picture is drawn", drawn).await;
    url.as_str().expect("an address").to_owned()
}

/// A 12-megapixel photograph becomes a portrait without the place where it was taken.
async fn a_portrait(profile: Profile) {
    let house = Teahouse::start();
    let folder = tempfile::TempDir::new().expect("a folder");
    let photo = folder.path().join("IMG_0001.jpg");
    std::fs::write(&photo, photograph()).expect("written");
    let ming = Browser::open(&house, profile).await;
    ming.look_at().await;
    ming.register(MING, "Ming").await;
    ming.click("#settings-link").await;
    let field = ming.find("#avatar").await;
    field
        .send_keys(photo.display().to_string())
        .await
        .expect("chosen");
    if profile != Profile::WithoutScripts {
        ming.find(".avatar-editor > .avatar img[src^='blob:']")
            .await;
    }
    ming.click("#avatar-form button[type=submit]").await;
    ming.find("#picture[role=status]").await;
    let url = face(&ming).await;
    let bytes = house
        .database()
        .number("SELECT LENGTH(picture) AS value FROM avatars");
    println!("{profile:?}: the picture has {bytes} bytes");
    assert!(bytes <= 64 * 1024, "{bytes} bytes");
    let traces = format!(
        "SELECT COUNT(*) AS value FROM avatars WHERE INSTR(HEX(picture), '{}') > 0 OR INSTR(HEX(picture), '45786966') > 0",
        TELEPHONE
            .bytes()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>()
    );
    assert_eq!(house.database().number(&traces), 0);
    assert!(url.starts_with("/avatars/"), "{url}");
    // A file that is no picture: the sentence beside the field, and the picture stays.
    let page = folder.path().join("page.png");
    std::fs::write(&page, "<!doctype html><script>alert(1)</script>").expect("written");
    let field = ming.find("#avatar").await;
    field
        .send_keys(page.display().to_string())
        .await
        .expect("chosen");
    ming.click("#avatar-form button[type=submit]").await;
    ming.find("#avatar-error").await;
    assert_eq!(face(&ming).await, url);
    // One that is too large is answered, not cut off.
    let large = folder.path().join("large.png");
    std::fs::write(&large, vec![7; 30 * 1024 * 1024]).expect("written");
    ming.visit("/settings/profile").await;
    let field = ming.find("#avatar").await;
    field
        .send_keys(large.display().to_string())
        .await
        .expect("chosen");
    ming.click("#avatar-form button[type=submit]").await;
    ming.find("#avatar-error").await;
    ming.click("#avatar-remove button").await;
    ming.until("the picture is gone", "return document.readyState === 'complete' && !document.querySelector('.account .avatar img')").await;
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photograph_becomes_my_picture() {
    a_portrait(Profile::English).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photograph_becomes_my_picture_without_scripts() {
    a_portrait(Profile::WithoutScripts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_another_device_takes_it_out_of_its_room() {
    let (house, [ming, bo]) = Teahouse::with_people(["Ming", "Bo"]).await;
    let room = bo.make_room("closed", "Backroom", &[&ming]).await;
    bo.say_in(&room, "between us").await;
    let (here, there) = (
        Browser::of(&house, &ming).await,
        Browser::of(&house, &ming).await,
    );
    there.go_into(&room).await;
    there.sees("between us").await;
    here.visit("/settings/sessions").await;
    let current = "return document.querySelectorAll('.device[data-current]').length === 1 && document.querySelectorAll('.device').length";
    // The registration's own, and both windows.
    assert_eq!(here.until("the devices are listed", current).await, 3);
    // The window signed in last is the first of the others.
    here.click(".device:not([data-current]) button").await;
    let start = Instant::now();
    here.find("#devices[role=status]").await;
    there.find("#login").await;
    let took = start.elapsed();
    println!("the other window left its room after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(
        !there
            .driver
            .source()
            .await
            .expect("a page")
            .contains("between us")
    );
    here.click("#devices-end button").await;
    here.until("all others are gone", "return document.readyState === 'complete' && document.querySelectorAll('.device').length === 1").await;
    nothing_to_complain_about(&[&here, &there]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_deletes_their_account_is_gone_from_all_windows() {
    let (house, [bo, ming]) = Teahouse::with_people(["Bo", "Ming"]).await;
    ming.say("it was nice here").await;
    let pair = ming.direct(&["Bo"]).await;
    ming.say_in(&pair, "goodbye").await;
    let (here, there) = (
        Browser::of(&house, &ming).await,
        Browser::of(&house, &ming).await,
    );
    let bos = Browser::of(&house, &bo).await;
    bos.go_into(&pair).await;
    bos.sees("goodbye").await;
    here.visit("/settings/account").await;
    here.fill("#confirm", "Bo").await;
    here.fill("#delete_password", PASSWORD).await;
    here.click("#delete-form button[type=submit]").await;
    here.find("#confirm-error").await;
    here.fill("#confirm", "Ming").await;
    here.fill("#delete_password", PASSWORD).await;
    here.click("#delete-form button[type=submit]").await;
    let start = Instant::now();
    here.until(
        "it says goodbye",
        "return location.pathname === '/farewell'",
    )
    .await;
    there.find("#login").await;
    println!("the other window was gone after {:?}", start.elapsed());
    bos.until(
        "the conversation is with nobody",
        "return document.querySelector('.room-title h1').innerText === 'deleted person'",
    )
    .await;
    bos.visit("/rooms/1").await;
    bos.sees("it was nice here").await;
    let author = bos
        .find(".message-author")
        .await
        .text()
        .await
        .expect("text");
    assert_eq!(author, "deleted person");
    here.visit("/login").await;
    here.fill("#phone", &ming.phone).await;
    here.fill("#password", PASSWORD).await;
    here.click("#login button[type=submit]").await;
    here.find("#form-error").await;
    nothing_to_complain_about(&[&here, &there, &bos]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_look_at_once_as_somebody_likes_them() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.look_at().await;
    ming.register(MING, "Ming").await;
    ming.say("what time is it?").await;
    ming.sees("what time is it?").await;
    ming.resize(1280, 900, "light").await;
    let paper = "return getComputedStyle(document.documentElement).backgroundColor";
    let light = ming.script(paper).await;
    ming.resize(1280, 900, "dark").await;
    let dark = ming.script(paper).await;
    assert_ne!(light, dark);
    // Against the system's wish, each way.
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
    ming.visit("/rooms/1").await;
    ming.connected().await;
    let time = "return document.querySelector('.message-time').innerText";
    let time = ming.script(time).await.to_string();
    assert!(
        time.contains("午") || time.contains("上") || time.contains("凌晨") || time.contains("晚"),
        "{time}"
    );
    ming.visit("/settings/appearance").await;
    ming.click("input[name=time_format][value='24']").await;
    ming.click("#appearance-form button[type=submit]").await;
    ming.find("#appearance[role=status]").await;
    ming.visit("/rooms/1").await;
    ming.connected().await;
    ming.until(
        "24 hours",
        "return /^\\d\\d:\\d\\d$/.test(document.querySelector('.message-time').innerText)",
    )
    .await;
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_use_the_settings_light_and_dark_small_and_large() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    ming.on_another_device(&house).await;
    let browser = Browser::of(&house, &ming).await;
    for page in ["profile", "appearance", "privacy", "sessions", "account"] {
        browser.visit(&format!("/settings/{page}")).await;
        browser
            .find(&format!(".tab[aria-current][href='/settings/{page}']"))
            .await;
        browser.suits_everybody(page).await;
    }
    for form in ["phone-form", "password-form", "delete-form"] {
        browser.visit("/settings/account").await;
        browser.click(&format!("#{form} button[type=submit]")).await;
        browser.find(&format!("#{form} .field-error")).await;
        browser.suits_everybody(form).await;
    }
    browser.visit("/farewell").await;
    browser.suits_everybody("the last page").await;
    nothing_to_complain_about(&[&browser]).await;
}
