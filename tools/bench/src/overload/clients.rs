//! The clients of an open loop. Each has one connection, and sends what is due next when it is
//! free.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::schedule::{Due, Kept, Schedule};
use super::tally::Tally;
use crate::client::Connection;
use crate::data::{Random, Seed};
use crate::load::Operation;

/// The number of threads of the clients, as in a closed loop.
const THREADS: usize = 2;
/// The time for the clients to connect, before the schedule begins.
const CONNECT: Duration = Duration::from_millis(500);
/// The longest time until all answers are there, after the end of the schedule.
const PATIENCE: Duration = Duration::from_secs(60);

/// The load of an open loop on one server.
#[derive(Clone)]
pub(super) struct OpenLoop {
    pub(super) address: SocketAddr,
    pub(super) seed: Arc<Seed>,
    pub(super) operation: Operation,
    pub(super) connections: usize,
    /// The requests per second of the schedule.
    pub(super) per_second: f64,
    /// How many requests may be sent or waiting at once.
    pub(super) bound: usize,
    pub(super) warm: Duration,
    pub(super) time: Duration,
}

impl OpenLoop {
    /// Keeps the schedule, and counts what was to be sent within the measured time.
    ///
    /// # Errors
    /// A server that cannot be reached, or that does not answer at all.
    pub(super) async fn run(self) -> anyhow::Result<Tally> {
        let due = Due::new();
        let begin = Instant::now() + CONNECT;
        let from = begin + self.warm;
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let (load, due) = (self.clone(), due.clone());
            threads.push(tokio::task::spawn_blocking(move || load.thread(thread, &due, from)));
        }
        let length = self.warm + self.time;
        let schedule = Schedule { per_second: self.per_second, begin, length, bound: self.bound };
        let clients = self.connections;
        let Kept { lost, late } =
            tokio::task::spawn_blocking(move || schedule.keep(&due, clients)).await?;
        let lost = lost.iter().filter(|at| **at >= from).count();
        let mut tally = Tally { lost, handed_out_late: late, ..Tally::default() };
        for thread in threads {
            tally.add(thread.await??);
        }
        Ok(tally)
    }

    /// Runs the clients whose number is `thread` modulo the number of threads.
    fn thread(self, thread: usize, due: &Arc<Due>, from: Instant) -> anyhow::Result<Tally> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let patience = CONNECT + self.warm + self.time + PATIENCE;
        runtime.block_on(async {
            let mine = (thread..self.connections).step_by(THREADS);
            let clients: Vec<_> = mine
                .map(|number| tokio::spawn(self.clone().client(number, due.clone(), from)))
                .collect();
            let all = async {
                let mut tally = Tally::default();
                for client in clients {
                    tally.add(client.await?.context(self.operation.name())?);
                }
                anyhow::Ok(tally)
            };
            tokio::time::timeout(patience, all).await.context("some answers do not come")?
        })
    }

    async fn client(self, number: usize, due: Arc<Due>, from: Instant) -> anyhow::Result<Tally> {
        let mut connection = Connection::open(self.address).await?;
        let mut tally = Tally::default();
        let mut request = Vec::with_capacity(4096);
        let mut random = Random(number as u64);
        while let Some(at) = due.take().await? {
            self.operation.request(&self.seed, random.next().into(), &mut request);
            let status = connection.exchange(&request).await.map(|answer| answer.status).ok();
            due.answered();
            if at >= from {
                // The time since the request was to be sent, so a wait for a free connection counts.
                tally.count(status, self.operation.status(), at.elapsed());
            }
            if status.is_none() {
                connection = Connection::open(self.address).await?;
            }
        }
        Ok(tally)
    }
}
