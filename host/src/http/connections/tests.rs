//! Tests of which connections are admitted and which are closed to make room.

use super::*;
use futures_util::FutureExt as _;

fn connections(total: usize, per_address: usize) -> Arc<Connections> {
    let limits = Limits { total, per_address, ..Limits::default() };
    let proxies = Proxies::default();
    let _ = proxies.set(vec!["10.0.0.1".parse().expect("an address")]);
    Connections::new(limits, proxies)
}

fn address(number: u8) -> IpAddr {
    [192, 0, 2, number].into()
}

/// A connection that is answering a request.
fn busy(connections: &Arc<Connections>, peer: IpAddr) -> Option<(ConnectionPermit, ActiveRequest)> {
    let permit = connections.admit(peer)?;
    let busy = ActiveRequest::begin(permit.state()).now_or_never().expect("it has not made way");
    Some((permit, busy))
}

#[test]
fn an_address_has_its_part() {
    let connections = connections(100, 3);
    let full: Vec<_> = (0..3).map(|_| busy(&connections, address(1)).expect("room")).collect();
    assert!(connections.admit(address(1)).is_none());
    assert!(connections.admit(address(2)).is_some());
    drop(full);
    assert!(connections.admit(address(1)).is_some());
    let empty = connections.table.lock();
    assert!(empty.all == 0 && empty.by.is_empty());
}

#[test]
fn of_an_address_the_one_that_waits_longest_makes_way() {
    let connections = connections(100, 3);
    let works = busy(&connections, address(1)).expect("room");
    let waits = connections.admit(address(1)).expect("room");
    std::thread::sleep(Duration::from_millis(3));
    let later = connections.admit(address(1)).expect("room");
    let new = connections.admit(address(1)).expect("one made way");
    assert!(waits.evicted().is_cancelled());
    assert!(!later.evicted().is_cancelled() && !works.0.evicted().is_cancelled());
    // A connection that was closed already is not counted twice.
    drop(waits);
    assert_eq!(connections.table.lock().all, 3);
    drop((works, later, new));
    assert_eq!(connections.table.lock().all, 0);
}

#[test]
fn trusted_proxies_have_no_part() {
    let connections = connections(100, 3);
    let proxy = IpAddr::from([10, 0, 0, 1]);
    let many: Vec<_> = (0..50).map(|_| connections.admit(proxy).expect("room")).collect();
    assert!(many.iter().all(|permit| !permit.evicted().is_cancelled()));
}

#[test]
fn when_all_are_taken_who_waits_makes_way_and_few_come_in() {
    let connections = connections(40, 25);
    let waiting: Vec<_> = (0..10).map(|_| connections.admit(address(1)).expect("room")).collect();
    let hold = |count: usize, from: u8| -> Vec<_> {
        (0..count).map(|_| busy(&connections, address(from)).expect("room")).collect()
    };
    let works = (hold(20, 2), hold(10, 3));
    let more = busy(&connections, address(3)).expect("those that waited made way");
    assert!(waiting.iter().all(|permit| permit.evicted().is_cancelled()));
    let rest = hold(9, 3);
    // All 40 are at work now. An address with few gets from the reserve, an address with many does
    // not.
    assert!(connections.admit(address(3)).is_none());
    let few = hold(4, 4);
    assert!(connections.admit(address(5)).is_none(), "the reserve has an end");
    drop((works, more, rest, few));
    assert_eq!(connections.table.lock().all, 0);
}

#[test]
fn nothing_is_begun_on_a_connection_that_made_way_and_what_is_begun_is_not_ended() {
    let connections = connections(100, 1);
    let evicted = connections.admit(address(1)).expect("room");
    let new = connections.admit(address(1)).expect("the first one made way");
    assert!(evicted.evicted().is_cancelled());
    assert!(ActiveRequest::begin(evicted.state()).now_or_never().is_none());
    evicted.state().set_idle();
    assert!(evicted.state().set_busy().now_or_never().is_none(), "there is no way back");
    // This simulates a request that arrives between the scan and the end of the connection.
    let busy = ActiveRequest::begin(new.state()).now_or_never().expect("it has not made way");
    assert!(!connections.table.lock().evict(&new.state()) && !new.evicted().is_cancelled());
    drop(busy);
    assert!(connections.table.lock().evict(&new.state()) && new.evicted().is_cancelled());
}
