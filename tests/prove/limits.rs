//! Clients send requests as fast as they can. In no window are more requests admitted than the
//! limit and its burst allow, and in total not fewer than the limit allows. This holds on one
//! process and on two.

use std::time::{Duration, Instant};

use super::{random, rounds};
use crate::support::process::{Process, Setting};
use crate::support::{Client, Placement, stores};

everywhere! { hold(placement) }

const PROJECTS: &str = "/api/v1/projects";
/// Clients of one identity at once.
const CLIENTS: usize = 24;
/// How long the clients send requests.
const KNOCKS: Duration = Duration::from_secs(4);
/// How often a round tries to reach a limit, because a machine that is busy elsewhere lets units go
/// to waste.
const TRIES: u32 = 5;

/// An admitted request: the time when it was sent and the time when its answer had come. It took
/// its unit in between.
#[derive(Clone, Copy)]
struct Admitted {
    sent: f64,
    answered: f64,
}

/// Sends requests to all hosts. Returns the admitted requests, and the seconds until the last
/// request.
async fn knock(hosts: &[String], token: &str) -> (Vec<Admitted>, f64) {
    let began = Instant::now();
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let host = Client::new(&hosts[client % hosts.len()], Some(token));
            tokio::spawn(async move {
                let (mut admitted, mut last) = (Vec::new(), 0.0);
                while began.elapsed() < KNOCKS {
                    let sent = began.elapsed().as_secs_f64();
                    last = sent;
                    let answer = host.get(PROJECTS).await;
                    let answered = began.elapsed().as_secs_f64();
                    match answer.status {
                        200 => admitted.push(Admitted { sent, answered }),
                        429 => assert!(answer.header("retry-after").is_some()),
                        status => panic!("{status}: {}", answer.text),
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                (admitted, last)
            })
        })
        .collect();
    let (mut admitted, mut knocked) = (Vec::new(), 0.0_f64);
    for task in tasks {
        let (more, last) = task.await.unwrap();
        admitted.extend(more);
        knocked = knocked.max(last);
    }
    (admitted, knocked)
}

/// Checks the admitted requests against the quota: there are never more than it allows. Returns how
/// many more the quota had to admit.
fn check(admitted: &mut [Admitted], knocked: f64, per_minute: u32, burst: u32) -> f64 {
    let (rate, burst) = (f64::from(per_minute) / 60.0, f64::from(burst));
    admitted.sort_by(|a, b| a.answered.total_cmp(&b.answered));
    for (first, from) in admitted.iter().enumerate() {
        // A request that took a unit within a window was sent and answered somewhere around that
        // window.
        let within = admitted[first..].iter().filter(|one| one.sent >= from.sent);
        for (count, until) in (1_u32..).zip(within) {
            let most = burst + rate * (until.answered - from.sent);
            assert!(f64::from(count) <= most + 1e-6, "{count} admitted where {most} may be");
        }
    }
    let first = admitted.iter().map(|one| one.answered).fold(f64::INFINITY, f64::min);
    let least = (burst + rate * (knocked - first)) * 0.99 - 1.0;
    least - admitted.len() as f64
}

/// Limits hold with the gateway native, where the store answers for a bucket, and with the gateway
/// in WebAssembly, which uses compare-and-swap.
async fn hold(placement: Placement) {
    let mut random = random("limits");
    for round in rounds(2) {
        // The burst is small in even rounds and large in odd ones. The limit a minute is random.
        let per_minute = random.u32(60..=1_200);
        // The burst is at least the number of units that come back in a second. Otherwise a machine
        // that is busy elsewhere for that long would look like a limit that is not reached.
        let least = per_minute.div_ceil(60);
        let burst = least.max([random.u32(1..=20), random.u32(60..=150)][(round % 2) as usize]);
        let mut wasted = f64::INFINITY;
        for _ in 0..TRIES {
            wasted = once(placement, per_minute, burst).await;
            if wasted <= 0.0 {
                break;
            }
        }
        assert!(
            wasted <= 0.0,
            "round {round}: {per_minute};burst={burst} is not reached, by {wasted}"
        );
    }
}

/// Starts fresh servers with a quota. Returns by how much the quota was not reached.
async fn once(placement: Placement, per_minute: u32, burst: u32) -> f64 {
    let quota = format!("{per_minute};burst={burst}");
    let directory = tempfile::tempdir().unwrap();
    let hosts: Vec<Process> = match stores::external() {
        true => {
            let site = crate::stores::Site::new();
            ["one", "two"].map(|name| spawn(site.host(name, placement), &quota)).into()
        }
        false => vec![spawn(Setting::new(directory.path(), placement), &quota)],
    };
    let owner = hosts[0].app.owner().await;
    let bases: Vec<_> = hosts.iter().map(|host| host.app.base.clone()).collect();
    let (mut admitted, knocked) = knock(&bases, owner.token()).await;
    eprintln!("{quota} admitted {} in {knocked:.3} s", admitted.len());
    check(&mut admitted, knocked, per_minute, burst)
}

fn spawn(mut setting: Setting, quota: &str) -> Process {
    setting.variables.push(("limit_read_per_minute".to_owned(), quota.to_owned()));
    Process::spawn(&setting)
}
