//! Our cookies count, whatever else stands in the `Cookie` header.

use crate::support::raw_http::{exchange, status, values};
use crate::support::{Person, Teahouse};

/// The request with these `Cookie` headers, as bytes.
async fn get(house: &Teahouse, path: &str, cookies: &[Vec<u8>]) -> String {
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
        house.host()
    )
    .into_bytes();
    for cookie in cookies {
        request.extend([b"Cookie: ", &cookie[..], b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    exchange(house.host(), &request).await
}

/// What may stand around a cookie of ours: one or several headers.
fn surroundings(ours: &str) -> Vec<Vec<Vec<u8>>> {
    let ours = ours.as_bytes();
    let before = |text: &[u8]| vec![[text, ours].concat()];
    let after = |text: &[u8]| vec![[ours, text].concat()];
    let many: String = (0..200).map(|n| format!("other{n}=value{n}; ")).collect();
    vec![
        before(b""),
        before(b"other=\xff; "),
        after(b"; other=\xe9t\xe9"),
        before(b"\xfe\xff=x; "),
        before(b"\xff; "),
        before(b"no-pair; "),
        before(b"=nameless; "),
        before(b"=; ;;; "),
        before(b"quoted=\"a b\"; "),
        before(b"open=\"a; "),
        before(b"list=a,b,c; "),
        before(b"json={\"a\":[1,2]}; "),
        before(b"bad%zz=%zz%; "),
        before(b"teahouse2=x; "),
        before("utf8=\u{8336}\u{9986}; ".as_bytes()),
        before(many.as_bytes()),
        after(b";"),
        after(b" ; "),
        vec![b"other=\xff".to_vec(), ours.to_vec()],
        vec![ours.to_vec(), b"other=\xff".to_vec()],
        vec![b"".to_vec(), ours.to_vec(), b";".to_vec()],
    ]
}

#[tokio::test]
async fn a_foreign_cookie_never_hides_the_session() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    for cookies in surroundings(&ming.cookie()) {
        let text: Vec<_> = cookies.iter().map(|c| String::from_utf8_lossy(c)).collect();
        for path in ["/rooms/1", "/api/auth_user"] {
            let answer = get(&house, path, &cookies).await;
            assert_eq!(status(&answer), 200, "{path} {text:?}");
        }
    }
    // Foreign cookies alone sign nobody in, and break nothing.
    for cookies in surroundings("other=x") {
        assert_eq!(status(&get(&house, "/rooms/1", &cookies).await), 303);
        assert_eq!(status(&get(&house, "/login", &cookies).await), 200);
    }
}

#[tokio::test]
async fn of_several_sessions_the_living_one_counts() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let other = ming.on_another_device(&house).await;
    let (ended, living) = (other.cookie(), ming.cookie());
    other.sign_out().await;
    for first in [
        "teahouse=",
        "teahouse=junk",
        "teahouse=%ff%00",
        "teahouse=\"\"",
        &format!("teahouse={}", "A".repeat(90)),
        &ended,
    ] {
        for pair in [[first, &living], [&living, first]] {
            let one = vec![pair.join("; ").into_bytes()];
            let two = pair.map(|cookie| cookie.as_bytes().to_vec()).to_vec();
            for cookies in [one, two] {
                let answer = get(&house, "/api/auth_user", &cookies).await;
                assert_eq!(status(&answer), 200, "{pair:?}");
            }
        }
    }
    let both_ended = vec![format!("{ended}; {ended}").into_bytes()];
    assert_eq!(status(&get(&house, "/rooms/1", &both_ended).await), 303);
}

#[tokio::test]
async fn the_other_cookies_of_ours_are_found_too() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let room = ming
        .post("/rooms", &[("name", "Tea"), ("kind", "open")])
        .await;
    let room = room.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    ming.page(&room).await;
    let cookies = ming.cookies();
    assert!(cookies.contains("teahouse-room="), "{cookies}");
    for foreign in [&b"a=\xff; "[..], b"teahouse-room=x; a=\xff; "] {
        let header = [foreign, cookies.as_bytes()].concat();
        let answer = get(&house, "/", &[header]).await;
        assert_eq!(values(&answer, "location"), [room.as_str()]);
    }
}

#[tokio::test]
async fn a_known_browser_is_known_beside_foreign_cookies() {
    let house = Teahouse::with(&[
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__THROTTLE__SIGN_IN_FAILURES", "3"),
    ]);
    let ming = Person::register(&house, "Ming").await;
    let cookies = ming.cookies();
    let mut all = cookies.split("; ");
    let browser = all.find(|cookie| cookie.starts_with("teahouse-browser="));
    let browser = browser.expect("the browser's cookie");
    let sign_in = async |cookie: &[u8], password: &str| {
        let body = format!("phone=%2B{}&password={password}", &ming.phone[1..]);
        let mut request = format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nCookie: ",
            house.host(),
            body.len()
        )
        .into_bytes();
        request.extend([cookie, b"\r\n\r\n", body.as_bytes()].concat());
        status(&exchange(house.host(), &request).await)
    };
    // Strangers' guesses lock the number for browsers that nobody knows …
    for _ in 0..5 {
        sign_in(b"a=b", "wrong+wrong+wrong").await;
    }
    let password = crate::support::person::PASSWORD.replace(' ', "+");
    assert_eq!(sign_in(b"a=\xff", &password).await, 429);
    // … and not for this one.
    for foreign in [&b"a=\xff; "[..], b"teahouse-browser=junk.junk; "] {
        let cookie = [foreign, browser.as_bytes()].concat();
        assert_eq!(sign_in(&cookie, &password).await, 303);
    }
}
