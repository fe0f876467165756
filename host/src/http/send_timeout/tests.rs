//! Tests with clients that take nothing, too little, and enough. The kernel's own timeout is off,
//! so that only the alarm is tested, which also sees clients that acknowledge but take nothing.

use super::*;
use crate::config::options::Connections as Limits;
use crate::http::connections::{ConnectionPermit, Connections, Proxies};
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

/// More bytes than the buffers on the way hold.
const MUCH: usize = 16 << 20;
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A connection, its client with a receive buffer of `window` bytes, its place, and all
/// connections. Its address may have no other connection.
async fn pair(
    time: Duration,
    window: u32,
) -> (SendTimeout, TcpStream, ConnectionPermit, Arc<Connections>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let client = TcpSocket::new_v4().expect("a socket");
    client.set_recv_buffer_size(window).expect("a size");
    let address = listener.local_addr().expect("bound");
    let (client, accepted) = tokio::join!(client.connect(address), listener.accept());
    let (stream, _) = accepted.expect("a connection");
    let limits = Limits { per_address: 1, ..Limits::default() };
    let connections = Connections::new(limits, Proxies::default());
    let permit = connections.admit(CLIENT).expect("room");
    let connection = SendTimeout::new(stream, time, permit.state());
    SockRef::from(&connection.stream).set_tcp_user_timeout(None).expect("an option");
    (connection, client.expect("connected"), permit, connections)
}

#[tokio::test]
async fn who_takes_nothing_is_reset() {
    let time = Duration::from_millis(300);
    let (mut connection, mut client, _place, _connections) = pair(time, 4096).await;
    let began = Instant::now();
    let written = tokio::time::timeout(time * 30, connection.write_all(&vec![0; MUCH])).await;
    let error = written.expect("the alarm").expect_err("not all is taken");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(began.elapsed() >= time);
    drop(connection);
    let mut rest = Vec::new();
    let error = client.read_to_end(&mut rest).await.expect_err("a reset is no end");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn who_takes_it_slowly_has_all_in_the_end() {
    let time = Duration::from_millis(300);
    let (mut connection, mut client, _place, _connections) = pair(time, 256 << 10).await;
    let takes = async {
        let (began, mut piece, mut taken) = (Instant::now(), vec![0; 64 << 10], 0);
        while taken < MUCH {
            taken += client.read(&mut piece).await.expect("no reset");
            // The client reads slowly for several times as long as it may take nothing.
            if began.elapsed() < time * 4 {
                tokio::time::sleep(time / 10).await;
            }
        }
    };
    let all = vec![0; MUCH];
    let (written, ()) = tokio::join!(connection.write_all(&all), takes);
    written.expect("taken");
}

/// Judges a write of which `taken` bytes were accepted; `None` means that none could be.
async fn writes(connection: &mut SendTimeout, taken: Option<usize>) -> Poll<io::Result<usize>> {
    poll_fn(|cx| {
        let written = taken.map_or(Poll::Pending, |taken| Poll::Ready(Ok(taken)));
        Poll::Ready(connection.judge(cx, MUCH, written))
    })
    .await
}

/// For how many seconds a client is tolerated that takes `rate` bytes a second.
async fn lasts(rate: usize) -> u64 {
    let (mut connection, _client, _place, _connections) = pair(Duration::from_secs(30), 4096).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(600)
        && writes(&mut connection, None).await.is_pending()
    {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if rate > 0 {
            let _ = writes(&mut connection, Some(rate)).await;
        }
    }
    began.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_is_worth_its_time_and_no_more() {
    assert_eq!(lasts(0).await, 30);
    assert!((30..=31).contains(&lasts(1).await));
    assert!((60..=62).contains(&lasts(500).await));
    assert_eq!(lasts(1000).await, 600);
    assert_eq!(lasts(1_000_000).await, 600);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_saved_up() {
    let (mut connection, _client, _place, _connections) = pair(Duration::from_secs(30), 4096).await;
    assert!(writes(&mut connection, None).await.is_pending());
    assert!(writes(&mut connection, Some(1_000_000)).await.is_ready());
    tokio::time::sleep(Duration::from_secs(31)).await;
    let ended = writes(&mut connection, None).await;
    assert!(matches!(ended, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn who_has_yet_to_take_something_does_not_make_way() {
    let (mut connection, _client, permit, connections) = pair(Duration::from_secs(30), 4096).await;
    assert!(writes(&mut connection, None).await.is_pending());
    assert!(connections.admit(CLIENT).is_none());
    assert!(writes(&mut connection, Some(1)).await.is_ready());
    assert!(connections.admit(CLIENT).is_none(), "the rest is still to come");
    assert!(writes(&mut connection, Some(MUCH)).await.is_ready());
    assert!(connections.admit(CLIENT).is_some() && permit.evicted().is_cancelled());
}
