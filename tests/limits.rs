//! How much one person, one socket, one address and one request may take, and what they are told.

use crate::support::{
    LOBBY, PATIENCE, Person, Program, Socket, Teahouse, client_id, eventually, raw,
};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

const ON: (&str, &str) = ("TEAHOUSE__THROTTLE__ENABLED", "true");

fn house_with(settings: &[(&str, &str)]) -> Teahouse {
    let mut all = vec![ON];
    all.extend_from_slice(settings);
    Teahouse::with(&all)
}

/// Bytes over a connection of their own, and then silence; what is answered until the server hangs up.
async fn say(house: &Teahouse, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(house.host())
        .await
        .expect("a connection");
    stream.write_all(bytes).await.expect("sent");
    hear(&mut stream).await
}

async fn hear(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = timeout(PATIENCE, stream.read(&mut buffer)).await;
        match read.expect("the server hangs up in time") {
            Ok(n) if n > 0 => answer.extend_from_slice(&buffer[..n]),
            _ => return String::from_utf8_lossy(&answer).into_owned(),
        }
    }
}

fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.unwrap_or_default()
}

/// A status, what came with it as JSON, and when to try again.
async fn refusal(request: reqwest::RequestBuilder) -> (u16, String, u64) {
    let answer = request.send().await.expect("an answer");
    let seconds = answer
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok());
    let seconds = seconds
        .and_then(|value| value.parse().ok())
        .unwrap_or_default();
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    (
        status,
        body["code"].as_str().unwrap_or_default().to_owned(),
        seconds,
    )
}

async fn upgrade(person: &Person) -> (u16, Option<String>) {
    let connected = tokio_tungstenite::connect_async(Socket::request(person)).await;
    match connected {
        Ok(_) => (101, None),
        Err(Error::Http(answer)) => {
            let seconds = answer.headers().get("retry-after");
            let seconds = seconds
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            (answer.status().as_u16(), seconds)
        }
        Err(other) => panic!("no answer to the upgrade: {other}"),
    }
}

#[tokio::test]
async fn a_person_has_ten_sockets_and_streams_and_not_one_more() {
    let house = house_with(&[]);
    let [ming, ana] = Person::register_each(&house, ["Ming", "Ana"]).await;
    let program = Program::of(&house, &ming).await;
    let (mut sockets, mut streams) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        sockets.push(ming.socket().await);
        streams.push(program.stream("/api/events", None).await);
    }
    assert_eq!(upgrade(&ming).await, (429, Some("5".to_owned())));
    let stream = program
        .request(reqwest::Method::GET, "/api/messages")
        .header("accept", "text/event-stream");
    assert_eq!(
        refusal(stream).await,
        (429, "too_many_sockets".to_owned(), 5)
    );
    ana.socket().await.say("I still have room").await;
    for socket in &mut sockets {
        socket.expect("message").await;
    }
    drop(sockets.pop());
    eventually("there is room again", || async {
        (upgrade(&ming).await.0 == 101).then_some(())
    })
    .await;
}

#[tokio::test]
async fn there_is_an_end_to_all_sockets() {
    let house = house_with(&[("TEAHOUSE__SOCKET__TOTAL", "3")]);
    let [ming, ana] = Person::register_each(&house, ["Ming", "Ana"]).await;
    let open = [ming.socket().await, ming.socket().await, ana.socket().await];
    assert_eq!(upgrade(&ana).await, (503, Some("2".to_owned())));
    assert_eq!(ana.get("/rooms/1").await.status(), 200);
    drop(open);
    eventually("there is room again", || async {
        (upgrade(&ana).await.0 == 101).then_some(())
    })
    .await;
}

#[tokio::test]
async fn socket_form_and_api_share_what_one_may_say() {
    let house = house_with(&[
        ("TEAHOUSE__MESSAGES__BURST", "6"),
        ("TEAHOUSE__MESSAGES__POSTS_PER_SECOND", "1"),
    ]);
    let ming = Person::register(&house, "Ming").await;
    let mut socket = ming.socket().await;
    let mut program = Program::of(&house, &ming).await;
    let fill = async |socket: &mut Socket, program: &mut Program| {
        let (mut said, mut refused) = (0, Vec::new());
        for _ in 0..5 {
            socket.post(LOBBY, "by socket").await;
            match socket.first_of(&["ack", "error"]).await["type"].as_str() {
                Some("ack") => said += 1,
                _ => refused.push("socket"),
            }
            let form = ming
                .post("/rooms/1/messages", &[("content", "by form")])
                .await;
            match form.status().as_u16() {
                303 => said += 1,
                _ => refused.push("form"),
            }
            let body = json!({"content": "by API", "clientId": client_id()});
            match program.post("/api/rooms/1/messages", body).await.0 {
                201 => said += 1,
                _ => refused.push("API"),
            }
        }
        (said, refused)
    };
    let start = Instant::now();
    let (said, refused) = fill(&mut socket, &mut program).await;
    let seconds = start.elapsed().as_secs() as usize + 1;
    println!(
        "{said} of 15 were said in {seconds} s, {} refused",
        refused.len()
    );
    assert!((6..=6 + seconds).contains(&said), "{said} in {seconds} s");
    for way in ["socket", "form", "API"] {
        assert!(
            refused.contains(&way),
            "{way} was never refused: {refused:?}"
        );
    }
    let again = ming
        .request(reqwest::Method::POST, "/rooms/1/messages")
        .header("accept", "application/json")
        .form(&[("content", "once more")]);
    let (status, code, wait) = refusal(again).await;
    if status == 429 {
        assert_eq!((code.as_str(), wait), ("rate_limited", 1));
    }
    assert_eq!(
        ming.history(LOBBY).await.len(),
        said + usize::from(status != 429)
    );
}

#[tokio::test]
async fn pings_and_frames_are_counted_too() {
    let house = house_with(&[]);
    let [ming, ana] = Person::register_each(&house, ["Ming", "Ana"]).await;
    let mut other = ana.socket().await;
    let ping = raw::frame(0x89, b"tea");
    let pong = raw::frame(0x8A, b"");
    let frames = [
        r#"{"type":"ping"}"#,
        r#"{"type":"typing","roomId":"1"}"#,
        r#"{"type":"view","roomId":"1"}"#,
        r#"{"type":"read","roomId":"1","seq":1}"#,
        r#"{"type":"sync","roomId":"1","ver":0}"#,
        "no frame at all",
    ];
    let frames = frames.map(|text| raw::frame(0x81, text.as_bytes()));
    for bytes in [ping, pong].into_iter().chain(frames) {
        let mut flood = crate::support::RawSocket::open(&ming).await;
        flood.expect("hello").await;
        // What anybody might send is fine.
        for _ in 0..20 {
            flood.write(&bytes).await;
        }
        flood.write_frame(0x81, br#"{"type":"ping"}"#).await;
        flood.expect("pong").await;
        flood.write(&bytes.repeat(2000)).await;
        let end = flood.end().await;
        assert!(
            matches!(end, raw::Frame::Close(4029)),
            "{end:?} after {bytes:?}"
        );
    }
    other.say("quiet again").await;
}

#[tokio::test]
async fn an_address_with_too_many_strangers_is_still_one_from_which_people_come() {
    let house = house_with(&[("TEAHOUSE__SERVER__STRANGERS_PER_ADDRESS", "10")]);
    let ming = Person::register(&house, "Ming").await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        // These come from the same address, but are signed in.
        sockets.push(ming.socket().await);
    }
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(
            TcpStream::connect(house.host())
                .await
                .expect("a connection"),
        );
    }
    eventually("only some strangers stay", || async {
        (house.connections() <= 10 + 10).then_some(())
    })
    .await;
    let told = hear(&mut silent[0]).await;
    assert_eq!(status(&told), 429, "{told}");
    assert!(told.contains("retry-after: 5"), "{told}");
    assert_eq!(ming.get("/rooms/1").await.status(), 200);
    assert_eq!(Person::visitor(&house).get("/login").await.status(), 200);
    sockets[0].say("we are all here").await;

    // Strangers who have something under way are not sent away for others, who are then told.
    let mut busy = Vec::new();
    let visitor = Person::visitor(&house);
    let told = loop {
        let request = visitor.request(reqwest::Method::GET, "/login");
        let told = refusal(request.header("accept", "application/json")).await;
        if told.0 != 200 {
            break told;
        }
        assert!(busy.len() < 50, "nobody is ever told");
        let mut stream = TcpStream::connect(house.host())
            .await
            .expect("a connection");
        let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 100\r\n\r\nphone=";
        stream.write_all(head.as_bytes()).await.expect("sent");
        busy.push(stream);
    };
    assert!(busy.len() >= 10, "{} are not too many", busy.len());
    assert_eq!(told, (429, "too_many_connections".to_owned(), 5));
    let page = visitor.get("/login").await;
    assert_eq!(page.status(), 429);
    let page = page.text().await.expect("text");
    assert!(
        page.contains("too many visitors from your network"),
        "{page}"
    );
    assert_eq!(ming.get("/rooms/1").await.status(), 200);
    sockets[0].say("still here").await;
}

/// Seconds that are short enough to wait for.
const SHORT: [(&str, &str); 3] = [
    ("TEAHOUSE__SERVER__HEAD_SECONDS", "1"),
    ("TEAHOUSE__SERVER__BODY_SECONDS", "1"),
    ("TEAHOUSE__SERVER__IDLE_SECONDS", "1"),
];

const FORM: &str = "POST /login HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n";

#[tokio::test]
async fn heads_bodies_and_pauses_that_take_too_long_end() {
    let house = house_with(&SHORT);
    let healthy = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let cases = [
        ("nothing", String::new(), vec![408]),
        ("half a head", "GET / HTTP/1.1\r\nHo".to_owned(), vec![408]),
        ("a pause", healthy.to_owned(), vec![200]),
        (
            "half a second head",
            format!("{healthy}GET / HT"),
            vec![200],
        ),
        (
            "half a form",
            format!("{FORM}Content-Length: 50\r\n\r\nphone=1"),
            vec![408],
        ),
        (
            "half a chunk",
            format!("{FORM}Transfer-Encoding: chunked\r\n\r\n40\r\nphone=1"),
            vec![408],
        ),
        (
            "half of some JSON",
            "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
             Content-Length: 50\r\n\r\n{\"phone\":"
                .to_owned(),
            vec![408],
        ),
        (
            "half a body that nobody wants",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc".to_owned(),
            vec![200],
        ),
        (
            "half a chunk that nobody wants",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nabc"
                .to_owned(),
            vec![200],
        ),
    ];
    let cases = cases.map(|(what, bytes, wanted)| {
        let house = &house;
        async move {
            let start = Instant::now();
            let answer = say(house, bytes.as_bytes()).await;
            let codes: Vec<u16> = answer
                .split("HTTP/1.1")
                .skip(1)
                .map(status_of_rest)
                .collect();
            let took = start.elapsed();
            println!("{what}: {codes:?} and the end after {took:.1?}");
            assert_eq!(codes, wanted, "{what}: {answer}");
            assert!(took < Duration::from_secs(5), "{what}: {took:?}");
        }
    });
    futures_util::future::join_all(cases).await;
    let drips = [
        "GET / HTTP/1.1\r\nX: ".to_owned(),
        format!("{FORM}Content-Length: 5000\r\n\r\n"),
    ];
    for head in drips {
        let mut stream = TcpStream::connect(house.host())
            .await
            .expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let (mut reader, mut writer) = stream.into_split();
        let drip = tokio::spawn(async move {
            while writer.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let mut answer = [0; 12];
        let read = timeout(PATIENCE, reader.read_exact(&mut answer)).await;
        read.expect("in time").expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 408");
        drip.abort();
    }
    // Whoever has been answered gets no more time for the next one.
    let mut stream = TcpStream::connect(house.host())
        .await
        .expect("a connection");
    stream.write_all(healthy.as_bytes()).await.expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    stream.write_all(b"GET / HT").await.expect("sent");
    let rest = hear(&mut stream).await;
    assert!(rest.contains("HTTP/1.1 408"), "{rest}");
    house.connections_fall_to(0, PATIENCE).await;
}

fn status_of_rest(rest: &str) -> u16 {
    rest.trim()
        .split(' ')
        .next()
        .and_then(|code| code.parse().ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn what_is_too_large_or_contradicts_itself_is_refused() {
    let house = house_with(&SHORT);
    let large = "a".repeat(70_000);
    let chunks = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let headers: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
    let json = FORM
        .replace("/login", "/api/login")
        .replace("x-www-form-urlencoded", "json");
    let cases = [
        (
            "a large form",
            format!("{FORM}Content-Length: 70000\r\n\r\n{large}"),
            413,
        ),
        (
            "a form that says it is large",
            format!("{FORM}Content-Length: 99999999999\r\n\r\nphone=1"),
            413,
        ),
        (
            "a large form in chunks",
            format!("{FORM}{chunked}\r\n{chunks}"),
            413,
        ),
        (
            "large JSON",
            format!("{json}Content-Length: 70000\r\n\r\n{large}"),
            413,
        ),
        (
            "large JSON in chunks",
            format!("{json}{chunked}\r\n{chunks}"),
            413,
        ),
        (
            "a length and chunks",
            format!("{FORM}Content-Length: 3\r\n{chunked}\r\n{chunks}"),
            400,
        ),
        (
            "two lengths",
            format!("{FORM}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
            400,
        ),
        (
            "no length at all",
            format!("{FORM}Content-Length: many\r\n\r\nabcd"),
            400,
        ),
        (
            "a negative length",
            format!("{FORM}Content-Length: -1\r\n\r\nabcd"),
            400,
        ),
        (
            "a chunk without a size",
            format!("{FORM}{chunked}\r\nzz\r\n"),
            400,
        ),
        ("200 headers", format!("{get}{headers}\r\n"), 431),
        (
            "a large header",
            format!("{get}X: {}\r\n\r\n", "a".repeat(200_000)),
            431,
        ),
        (
            "a large path",
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(200_000)),
            431,
        ),
        ("no HTTP", "hello, is this SMTP?\r\n\r\n".to_owned(), 400),
    ];
    for (what, bytes, wanted) in cases {
        let answer = say_all(&house, bytes.as_bytes()).await;
        assert_eq!(
            status(&answer),
            wanted,
            "{what}: {}",
            &answer[..answer.len().min(300)]
        );
    }
    // A body that is longer than it says is the next request, which makes no sense.
    let answer = say(
        &house,
        format!("{FORM}Content-Length: 8\r\n\r\nphone=1&password=2").as_bytes(),
    )
    .await;
    let codes: Vec<u16> = answer
        .split("HTTP/1.1")
        .skip(1)
        .map(status_of_rest)
        .collect();
    assert_eq!(codes, [422, 400], "{answer}");
}

/// As [`say`], though the server may hang up before it has read everything.
async fn say_all(house: &Teahouse, bytes: &[u8]) -> String {
    let stream = TcpStream::connect(house.host())
        .await
        .expect("a connection");
    let (mut reader, mut writer) = stream.into_split();
    let bytes = bytes.to_vec();
    let sending = tokio::spawn(async move {
        let _ = writer.write_all(&bytes).await;
        writer
    });
    let mut head = vec![0; 512];
    let read = timeout(PATIENCE, reader.read(&mut head)).await;
    let length = read.expect("in time").unwrap_or_default();
    sending.abort();
    String::from_utf8_lossy(&head[..length]).into_owned()
}
