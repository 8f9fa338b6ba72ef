//! Clients that read too slowly or not at all are disconnected: their file descriptor and memory are freed,
//! and no other client waits.

use crate::support::{ApiClient, Person, Socket, Teahouse, short_timeouts};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// The promised time, and the longest that a test waits.
const CLOSED_WITHIN: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_secs(75);

/// How a client reads.
#[derive(Debug, Clone, Copy)]
enum Pace {
    Never,
    /// Bytes per second.
    Bytes(usize),
}

const PACES: [Pace; 3] = [Pace::Never, Pace::Bytes(1), Pace::Bytes(4096)];

/// Opens a connection with a 4 KiB receive buffer.
async fn connect(person: &Person) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("set");
    let host = person.url.trim_start_matches("http://");
    let address = host.parse().expect("an address");
    socket.connect(address).await.expect("a connection")
}

async fn ask(person: &Person, path: &str, more: &str) -> TcpStream {
    let mut stream = connect(person).await;
    let host = person.url.trim_start_matches("http://");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\n{more}\r\n",
        person.cookie()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Opens a WebSocket without reading the whole `hello`.
async fn open_socket(person: &Person) -> TcpStream {
    let mut stream = ask(person, "/ws", UPGRADE).await;
    expect_start(&mut stream, "HTTP/1.1 101").await;
    stream
}

async fn open_stream(person: &Person) -> TcpStream {
    let mut stream = ask(person, "/api/events", "Accept: text/event-stream\r\n").await;
    expect_start(&mut stream, "HTTP/1.1 200").await;
    stream
}

/// Waits until at most `most` connections are open.
async fn expect_closed(server: &Teahouse, most: usize) {
    let gone = server.wait_for_at_most_connections(most, TIMEOUT).await;
    println!("all closed after {gone:.1?}");
    assert!(gone < CLOSED_WITHIN * 2);
}

async fn expect_start(stream: &mut TcpStream, start: &str) {
    let mut head = vec![0; start.len()];
    stream.read_exact(&mut head).await.expect("a response");
    assert_eq!(String::from_utf8_lossy(&head), start);
}

/// Reads at this pace in the background and never closes the connection.
fn read_at(mut stream: impl AsyncRead + Send + Unpin + 'static, pace: Pace) -> JoinHandle<()> {
    tokio::spawn(async move {
        match pace {
            Pace::Never => std::future::pending().await,
            Pace::Bytes(bytes) => {
                let mut seconds = tokio::time::interval(Duration::from_secs(1));
                let mut buffer = vec![0; bytes];
                while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                    seconds.tick().await;
                }
                std::future::pending().await
            }
        }
    })
}

struct Readers(Vec<JoinHandle<()>>);

impl Drop for Readers {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

fn long_text() -> String {
    "茶".repeat(4000)
}

async fn say_long_texts(writer: &mut Socket, count: usize) {
    for _ in 0..count {
        writer.say(&long_text()).await;
        writer.discard_pending().await;
    }
}

#[tokio::test]
async fn slow_sockets_and_streams_are_closed_within_seconds() {
    let server = Teahouse::with(short_timeouts());
    let before = 1;
    let ming = Person::register(&server, "Ming").await;
    let mut writer = ming.socket().await;
    writer.say("before").await;
    let mut readers = Readers(Vec::new());
    for pace in PACES {
        let slow = Person::register(&server, &format!("Slow{}", readers.0.len())).await;
        readers.0.push(read_at(open_socket(&slow).await, pace));
        readers.0.push(read_at(open_stream(&slow).await, pace));
    }
    server.wait_for_connections(before + 6).await;
    for _ in 0..400 {
        writer.say(&long_text()).await;
        writer.expect("message").await;
    }
    expect_closed(&server, before).await;
}

#[tokio::test]
async fn unread_response_does_not_keep_its_connection() {
    let server = Teahouse::start();
    let before = 1;
    let ming = Person::register(&server, "Ming").await;
    let mut writer = ming.socket().await;
    say_long_texts(&mut writer, 100).await;
    let mut readers = Readers(Vec::new());
    let history = "/api/rooms/1/messages?before=1000&limit=100";
    for pace in [Pace::Never, Pace::Bytes(1), Pace::Bytes(512)] {
        for _ in 0..5 {
            let mut stream = ask(&ming, history, "").await;
            expect_start(&mut stream, "HTTP/1.1 200").await;
            readers.0.push(read_at(stream, pace));
        }
    }
    server.wait_for_connections(before + 15).await;
    let held = server.memory_kib();
    expect_closed(&server, before).await;
    println!(
        "memory: {held} KiB with 15 slow readers, {} after",
        server.memory_kib()
    );
    // A client that reads receives the whole response.
    let page = ming.json_at(history).await;
    assert_eq!(page.as_array().map(Vec::len), Some(100));
}

#[tokio::test]
async fn client_that_reads_slowly_but_steadily_receives_everything() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let mut writer = ming.socket().await;
    say_long_texts(&mut writer, 100).await;
    let history = "/api/rooms/1/messages?before=1000&limit=100";
    let mut stream = ask(&ming, history, "").await;
    let mut all = Vec::new();
    let mut buffer = vec![0; 8 * 1024];
    // 256 KiB/s: the response exceeds all buffers and takes about ten seconds.
    let mut clock = tokio::time::interval(Duration::from_millis(31));
    let start = std::time::Instant::now();
    while !is_complete(&all) {
        clock.tick().await;
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => all.extend_from_slice(&buffer[..n]),
            end => panic!("cut off after {} bytes: {end:?}", all.len()),
        }
    }
    println!("{} bytes in {:.1?}", all.len(), start.elapsed());
}

/// Whether the response has the length that its head declares.
fn is_complete(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next());
    let length: usize = length.and_then(|text| text.parse().ok()).expect("a length");
    answer.len() >= end + 4 + length
}

#[tokio::test]
async fn closed_socket_frees_its_descriptor_even_if_the_close_frame_is_not_read() {
    let farewell = short_timeouts()
        .iter()
        .filter(|(name, _)| name.contains("FAREWELL"));
    let server = Teahouse::with(&farewell.copied().collect::<Vec<_>>());
    let before = 1;
    let ming = Person::register(&server, "Ming").await;
    let mut writer = ming.socket().await;
    writer.say("before").await;
    let mut readers = Readers(Vec::new());
    let (mut leavers, mut breakers) = (Vec::new(), Vec::new());
    let broken: [&[u8]; 4] = [
        &[0xC1, 0x80, 0, 0, 0, 0],
        &[0x81, 0xFF, 0, 0, 0, 2, 0, 0, 0, 0],
        &[0x81, 0x81, 0, 0, 0, 0, 0xFF],
        &[0x88, 0x82, 0, 0, 0, 0, 3, 232],
    ];
    for (n, pace) in PACES.into_iter().enumerate() {
        let leaver = Person::register(&server, &format!("Leaver{n}")).await;
        readers.0.push(read_at(open_socket(&leaver).await, pace));
        readers.0.push(read_at(open_stream(&leaver).await, pace));
        leavers.push(leaver);
        let breaker = Person::register(&server, &format!("Breaker{n}")).await;
        for bytes in broken {
            let (reader, sender) = open_socket(&breaker).await.into_split();
            readers.0.push(read_at(reader, pace));
            breakers.push((sender, bytes));
        }
    }
    let all = before + leavers.len() * 2 + breakers.len();
    server.wait_for_connections(all).await;
    // Posts until each client's kernel buffers are full, but not until the server's queues are.
    let mut taken = 0;
    loop {
        say_long_texts(&mut writer, 10).await;
        let before = std::mem::replace(&mut taken, server.largest_send_queue());
        if taken <= before {
            break;
        }
    }
    println!("{taken} bytes wait in the fullest send buffer");
    assert_eq!(server.connections(), all, "connections closed too early");
    for (sender, bytes) in &mut breakers {
        sender.write_all(bytes).await.expect("sent");
    }
    for leaver in &leavers {
        leaver.sign_out().await;
    }
    expect_closed(&server, before).await;
    writer.say("after").await;
}

#[tokio::test]
async fn connection_that_answers_no_ping_is_closed_however_fast_it_reads() {
    let server = Teahouse::configured("socket.ping_seconds=1 socket.pong_seconds=1");
    let before = 0;
    let ming = Person::register(&server, "Ming").await;
    let mut readers = Readers(Vec::new());
    for pace in PACES {
        readers.0.push(read_at(open_socket(&ming).await, pace));
    }
    server.wait_for_connections(before + 3).await;
    expect_closed(&server, before).await;
}

/// A client in a network namespace of its own, whose link can be cut without closing connections.
struct RemoteClient {
    name: String,
    person: Option<Child>,
}

const NEAR: &str = "10.231.17.1";
const FAR: &str = "10.231.17.2";

fn ip(line: &str) -> bool {
    let words = line.split_whitespace();
    let done = Command::new("ip")
        .args(words)
        .stderr(Stdio::null())
        .status();
    done.is_ok_and(|status| status.success())
}

impl RemoteClient {
    /// `None` where network namespaces are not permitted.
    fn new() -> Option<Self> {
        let name = format!("tea{}", std::process::id());
        let remote = Self {
            name: name.clone(),
            person: None,
        };
        let steps = [
            format!("netns add {name}"),
            format!("link add {name}a type veth peer name {name}b netns {name}"),
            format!("addr add {NEAR}/30 dev {name}a"),
            format!("link set {name}a up"),
            format!("-n {name} addr add {FAR}/30 dev {name}b"),
            format!("-n {name} link set {name}b up"),
        ];
        steps.iter().all(|step| ip(step)).then_some(remote)
    }

    /// Starts `teahouse chat` in the namespace.
    fn enter(&mut self, url: &str, token: &str) {
        let child = Command::new("ip")
            .args(["netns", "exec", &self.name, env!("CARGO_BIN_EXE_teahouse")])
            .args(["chat", "--json", "--url", url])
            .env("TEAHOUSE_TOKEN", token)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        self.person = Some(child.expect("the client starts"));
    }

    /// Cuts the link: packets are lost in both directions.
    fn cut_link(&self) {
        assert!(ip(&format!("-n {0} link set {0}b down", self.name)));
    }
}

impl Drop for RemoteClient {
    fn drop(&mut self) {
        if let Some(person) = &mut self.person {
            let _ = person.kill();
            let _ = person.wait();
        }
        ip(&format!("link del {}a", self.name));
        ip(&format!("netns del {}", self.name));
    }
}

#[tokio::test]
async fn client_behind_a_dead_link_is_closed() {
    let Some(mut remote) = RemoteClient::new() else {
        println!("SKIPPED: no network namespaces on this machine");
        return;
    };
    let server = Teahouse::with(&[("HOST", "0.0.0.0")]);
    let before = 1;
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let mut bystander = ming.socket().await;
    bystander.view("1").await;
    bystander.discard_pending().await;
    let port = server.url.rsplit(':').next().expect("a port");
    let token = ApiClient::of(&server, &ana).await.token;
    remote.enter(&format!("http://{NEAR}:{port}"), &token);
    let here = |frame: &serde_json::Value| frame["online"].to_string().contains("Ana");
    bystander.expect_where("presence", here).await;
    remote.cut_link();
    // A message that never reaches the remote client.
    bystander.say("are you there?").await;
    expect_closed(&server, before).await;
    bystander
        .expect_where("presence", |frame| !here(frame))
        .await;
}
