//! A service of two hosts survives that a part of it ends, freezes or restarts under load. Errors
//! tell when to come back, no acknowledged write is lost, nothing is done twice, and the service is
//! back within seconds.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;

use super::Site;
use crate::prove::crash::{self, Load};
use crate::support::process::Process;
use crate::support::servers::{Postgres, Redis, free_port};
use crate::support::{Client, Placement};

external! {
    postgres_restarts(placement) redis_restarts(placement) a_host_freezes(placement)
    a_host_is_killed(placement) rolling_restart(placement)
}

/// How long a part is away.
const AWAY: Duration = Duration::from_secs(2);
/// The longest that the service may take to be back after the part is. A frozen host keeps its
/// tenant's place for five seconds, and a reservation is kept for two.
const BACK: Duration = Duration::from_secs(20);

struct Scene {
    site: Site,
    postgres: Postgres,
    redis: Redis,
    one: Process,
    two: Process,
    owner: Client,
    load: Load,
    ports: [u16; 2],
    placement: Placement,
}

impl Scene {
    async fn set(placement: Placement) -> Self {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let site = Site::on(&postgres.url(), &redis.url()).await;
        let ports = [free_port(), free_port()];
        let host = |name: &str, port| {
            let mut setting = site.host(name, placement);
            setting.port = port;
            Process::spawn(&setting)
        };
        let (one, two) = (host("one", ports[0]), host("two", ports[1]));
        let owner = one.app.owner().await;
        let load = Load::start(&[one.app.base.clone(), two.app.base.clone()], &owner);
        load.goes_on(50).await;
        Self { site, postgres, redis, one, two, owner, load, ports, placement }
    }

    fn again(&self, name: &str, port: u16) -> Process {
        let mut setting = self.site.host(name, self.placement);
        setting.port = port;
        Process::spawn(&setting)
    }

    async fn end(self, back: Duration) {
        assert!(back < BACK, "service was back after {back:?}");
        self.load.goes_on(50).await;
        let client = Client::new(&self.two.app.base, Some(self.owner.token()));
        let counts = self.load.counts.clone();
        crash::check(&client, &self.load.end().await).await;
        let refused = counts.refused.load(Ordering::Relaxed);
        eprintln!("back after {back:?}; {refused} attempts were repeated");
    }
}

async fn postgres_restarts(placement: Placement) {
    let scene = Scene::set(placement).await;
    scene.postgres.crash();
    tokio::time::sleep(AWAY).await;
    let read = scene.owner.try_send(Method::GET, "/api/v1/projects", &[], None).await.unwrap();
    assert_eq!((read.status, read.header("retry-after").is_some()), (503, true), "{}", read.text);
    scene.postgres.up();
    let back = scene.load.goes_on(20).await;
    scene.end(back).await;
}

async fn redis_restarts(placement: Placement) {
    let mut scene = Scene::set(placement).await;
    scene.redis.crash();
    tokio::time::sleep(AWAY).await;
    // Reads do not need Redis.
    scene.owner.get("/api/v1/projects?limit=1").await.expect(200);
    scene.redis.up();
    let back = scene.load.goes_on(20).await;
    scene.end(back).await;
}

async fn a_host_freezes(placement: Placement) {
    let scene = Scene::set(placement).await;
    scene.one.freeze();
    let back = scene.load.goes_on(20).await;
    tokio::time::sleep(AWAY).await;
    scene.one.thaw();
    scene.end(back).await;
}

async fn a_host_is_killed(placement: Placement) {
    let mut scene = Scene::set(placement).await;
    scene.one.kill();
    let back = scene.load.goes_on(20).await;
    scene.end(back).await;
}

/// One host after the other stops in good order and starts again. No request that a host has
/// accepted fails. A request that reaches no host is sent again to the other host.
async fn rolling_restart(placement: Placement) {
    let mut scene = Scene::set(placement).await;
    let mut back = Duration::ZERO;
    for _ in 0..2 {
        scene.one.stop();
        back = back.max(scene.load.goes_on(20).await);
        scene.one = scene.again("one", scene.ports[0]);
        scene.two.stop();
        back = back.max(scene.load.goes_on(20).await);
        scene.two = scene.again("two", scene.ports[1]);
    }
    assert_eq!(scene.load.counts.failed.load(Ordering::Relaxed), 0);
    scene.end(back).await;
}
