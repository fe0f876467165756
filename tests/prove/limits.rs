//! Clients that knock as fast as they can: what is admitted is never more than the limit and its
//! burst, in no window, and no less than the limit allows; on one process and on two.

use std::time::{Duration, Instant};

use super::{random, rounds};
use crate::support::process::{Process, Setting};
use crate::support::{Client, Placement, stores};

everywhere! { hold(placement) }

const PROJECTS: &str = "/api/v1/projects";
/// Clients of one identity at once.
const CLIENTS: usize = 24;
/// How long they knock.
const KNOCKS: Duration = Duration::from_secs(4);
/// How often they try to reach a limit: a machine that is busy elsewhere lets units go to waste.
const TRIES: u32 = 5;

/// A request that was admitted: when it was sent and when its answer had come. In between it
/// took its unit.
#[derive(Clone, Copy)]
struct Admitted {
    sent: f64,
    answered: f64,
}

/// Knocks on all hosts; what was admitted, and the seconds until the last knock.
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

/// Holds what was admitted against the promise of a quota: never more; what the quota has left
/// over that it must give.
fn check(admitted: &mut [Admitted], knocked: f64, per_minute: u32, burst: u32) -> f64 {
    let (rate, burst) = (f64::from(per_minute) / 60.0, f64::from(burst));
    admitted.sort_by(|a, b| a.answered.total_cmp(&b.answered));
    for (first, from) in admitted.iter().enumerate() {
        // Whoever took a unit within a window was sent and answered somewhere around it.
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

/// With the gateway native, where the store answers for a bucket, and with the gateway in
/// WebAssembly, which swaps.
async fn hold(placement: Placement) {
    let mut random = random("limits");
    for round in rounds(2) {
        // Much at once and little a minute, and the other way round.
        let per_minute = random.u32(60..=1_200);
        // What comes back in a second at least: a machine that is busy elsewhere for so long must
        // not look like a limit that is not reached.
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

/// Fresh servers with a quota; by how much it was not reached.
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
