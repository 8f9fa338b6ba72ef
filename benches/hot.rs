//! Micro-benchmarks of the code that runs per message, delivery and page. Run with `cargo bench`.

use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use teahouse::models::auth::session::KeyHash;
use teahouse::models::database::connection::DbConn;
use teahouse::models::database::url::DatabaseUrl;
use teahouse::models::database::{Database, PoolLimits};
use teahouse::models::fixtures;
use teahouse::models::message_store::{MessageWriter, new_message};
use teahouse::models::values::client_id::ClientId;
use teahouse::models::values::content::{self, Content};
use teahouse::protocol::commands::WriteCommand;
use teahouse::protocol::frames::{ClientFrame, ServerFrame};
use teahouse::protocol::{Id, Message, User};
use teahouse::realtime::subscriber::Subscriber;
use teahouse::views::gzip::{self, DeflateBlock};
use teahouse::views::locale::Locale;
use teahouse::views::pages::messages::MessageList;
use teahouse::views::templates::Templates;

const TEXT: &str = "The kettle is on, and there is a table by the window at https://example.org/tables/4 for @李梅 and me. 今天喝龙井还是普洱？\nCome when you like; the cups are warm and nobody is in a hurry.";

fn message(seq: i64) -> Message {
    Message {
        room_id: Id(1),
        seq,
        ver: seq,
        id: Id(seq),
        client_id: "0e2fbb2c-6d5c-4a3a-9b1e-2a2f5b1d7c11".to_owned(),
        user: User {
            id: Id(7),
            username: "Ming".to_owned(),
            avatar_url: None,
        },
        content: TEXT.to_owned(),
        html: content::to_html(TEXT, &[]),
        created_at: "2026-11-20T19:04:05.678Z".to_owned(),
        ..Message::default()
    }
}

fn frames(criterion: &mut Criterion) {
    let sent = message(1);
    criterion.bench_function("encode a message", |bencher| {
        bencher.iter(|| ServerFrame::Message(black_box(&sent)).encode());
    });
    let content = serde_json::to_string(TEXT).expect("a string");
    let post = format!(
        r#"{{"type":"post","clientId":"0e2fbb2c-6d5c-4a3a-9b1e-2a2f5b1d7c11","roomId":"1","content":{content}}}"#
    );
    criterion.bench_function("parse a post", |bencher| {
        bencher.iter(|| ClientFrame::parse(black_box(&post)));
    });
}

fn parsing(criterion: &mut Criterion) {
    criterion.bench_function("parse content", |bencher| {
        bencher.iter(|| Content::parse(black_box(TEXT)));
    });
    criterion.bench_function("hash content", |bencher| {
        let content = Content::parse(TEXT).expect("a text");
        bencher.iter(|| black_box(&content).hash());
    });
    criterion.bench_function("render content as HTML", |bencher| {
        bencher.iter(|| content::to_html(black_box(TEXT), &[]));
    });
}

fn deliveries(criterion: &mut Criterion) {
    let subscriber = Subscriber::new(1, 7, Arc::from("session"));
    subscriber.send_hello(ServerFrame::Pong.encode());
    let wire = ServerFrame::Message(&message(1)).encode();
    let mut context = Context::from_waker(Waker::noop());
    criterion.bench_function("queue and take a delivery", |bencher| {
        bencher.iter(|| {
            subscriber.push(wire.clone());
            subscriber.poll_wire(&mut context)
        });
    });
}

fn pages(criterion: &mut Criterion) {
    let templates = Templates::load().expect("templates");
    let messages: Vec<_> = (1..=50).map(message).collect();
    let render = |messages| {
        let list = MessageList::new(Locale::EnUs.into(), 1, messages);
        templates.render(&list).expect("a list")
    };
    criterion.bench_function("render a list of 50 messages", |bencher| {
        bencher.iter_batched(|| messages.clone(), render, BatchSize::SmallInput);
    });
    let html = render(messages.clone());
    let mut group = criterion.benchmark_group("compress a list");
    group.throughput(Throughput::Bytes(html.len() as u64));
    let compress = |html: &str| DeflateBlock::compress_all(std::iter::once(html));
    group.bench_function("whole", |bencher| bencher.iter(|| compress(&html)));
    let blocks = DeflateBlock::compress_all([&html[..10_000], &html, &html[..5_000]].into_iter());
    group.bench_function("into a page", |bencher| {
        bencher.iter(|| gzip::assemble(&blocks));
    });
    group.finish();
}

fn storage(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = DatabaseUrl::Sqlite(folder.path().join("teahouse.db"));
    let limits = PoolLimits {
        pool_size: 2,
        queue_size: 8,
        deadline: Duration::from_secs(2),
    };
    let database = Database::open(url.clone(), limits).expect("a database");
    let mut conn = DbConn::open(&url).expect("a connection");
    let users = fixtures::create_users(&mut conn, 100).expect("users");
    let log = MessageWriter::new(database);
    let content = Content::parse(TEXT).expect("a text");
    let write = |n: usize| {
        let user_id = users[n % users.len()].0;
        WriteCommand::Post(new_message(user_id, 1, ClientId::random(), &content))
    };
    let mut group = criterion.benchmark_group("store durably");
    for size in [1, 16, 256] {
        group.throughput(Throughput::Elements(size));
        group.bench_function(format!("{size} messages"), |bencher| {
            let writes = || (0..size as usize).map(write).collect::<Vec<_>>();
            bencher.iter_batched(writes, |writes| log.append(&writes), BatchSize::SmallInput);
        });
    }
    group.finish();
    criterion.bench_function("hash a session key", |bencher| {
        bencher.iter(|| KeyHash::of(black_box(&users[0].1)));
    });
}

criterion_group!(all, frames, parsing, deliveries, pages, storage);
criterion_main!(all);
