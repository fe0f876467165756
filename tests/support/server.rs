//! Servers: one for each placement that most tests share, and dedicated ones for tests that need
//! their own settings or stop their server.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub use host::Placement;
use host::{Limits, Log, Options, Server};
use http::Method;
use parking_lot::Mutex;

use super::client::Client;
use super::{signing_key, stores};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A running server, as tests see it.
#[derive(Clone)]
pub struct App {
    pub base: String,
    pub log: Arc<Mutex<Vec<String>>>,
    pub data: PathBuf,
}

impl App {
    /// A client without a credential.
    pub fn anon(&self) -> Client {
        Client::new(&self.base, None)
    }

    /// Runs statements in the server's database, without its policies.
    pub fn execute(&self, sql: &str) {
        stores::execute(&self.data, sql);
    }

    /// The rows of a query on the server's database, as text. NULL is an empty text.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        stores::rows(&self.data, sql)
    }

    /// A client for the owner of a new tenant.
    pub async fn owner(&self) -> Client {
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.owner_named(&format!("owner{number}@example.com"), None).await
    }

    /// A client for the owner of a new tenant, with this e-mail address and tenant id.
    pub async fn owner_named(&self, email: &str, tenant: Option<&str>) -> Client {
        let mut body = serde_json::json!({
            "email": email, "password": PASSWORD, "tenant_name": "Example Energy",
        });
        if let Some(tenant) = tenant {
            body["tenant_id"] = tenant.into();
        }
        let session = self.anon().post("/api/v1/auth/register", &body).await.expect(201);
        let token = session.body["access_token"].as_str().unwrap();
        Client::new(&self.base, Some(token)).of(session.body.clone())
    }
}

/// The password of every user in the tests.
pub const PASSWORD: &str = "correct horse battery staple";

static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);

/// The operator's credential of all servers.
pub const OPERATOR: &str = "the credential of the operator";
/// The scheduler's credential of all servers.
pub const SCHEDULER: &str = "the credential of the scheduler";

/// Variables for most tests: limits that no test reaches by accident, a short lease for crash
/// tests, and a delivery schedule that a test can wait for. A hash takes a millisecond, because
/// each test signs up.
pub const UNLIMITED: [(&str, &str); 12] = [
    ("operator_token", OPERATOR),
    ("tick_token", SCHEDULER),
    ("webhook_schedule", "0s,100ms,200ms,300ms"),
    ("limit_read_per_minute", "1000000"),
    ("limit_write_per_minute", "1000000"),
    ("limit_auth_per_minute", "1000000"),
    ("limit_tick_per_minute", "1000000"),
    ("limit_inbound_per_minute", "1000000"),
    ("limit_ip_per_minute", "100000000"),
    ("idempotency_lease_seconds", "2"),
    (HASH, "256"),
    // A stream ends soon, so that tests of all operations need not wait long for it.
    ("stream_seconds", "1"),
];

/// The memory of a hash in KiB. A server that is not in development refuses a small value.
const HASH: &str = "argon2_memory_kib";
/// The hash of production, for tests that are about it.
pub const REAL_HASH: (&str, &str) = (HASH, "19456");

/// Options of a server with its own data, under `data` or in external stores of its own. All
/// servers share the compiled code.
pub fn options(placement: Placement, data: &Path, variables: &[(&str, &str)]) -> Options {
    let mut options = plain_options(placement, data, variables);
    if stores::external() {
        let url = stores::url("app", &stores::of(data));
        options.variables.insert(0, ("postgres_host".to_owned(), stores::host(&url).to_owned()));
        options.variables.insert(0, ("postgres_url".to_owned(), url));
        options.runtime_config = Some(data.join("runtime-config.toml"));
    }
    options
}

/// Options of a server with embedded stores, or with the stores of these variables.
pub fn plain_options(placement: Placement, data: &Path, variables: &[(&str, &str)]) -> Options {
    let cache = root().join("target/tests/cache");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::create_dir_all(data).unwrap();
    let link = data.join("cache");
    if !link.exists() {
        std::os::unix::fs::symlink(cache, link).unwrap();
    }
    // `scripts/up` decides the same way.
    let development = !variables.iter().any(|(name, _)| *name == "master_key");
    Options {
        manifest: root().join("spin.toml"),
        listen: ([127, 0, 0, 1], 0).into(),
        data: data.to_path_buf(),
        placement,
        variables: variables
            .iter()
            .filter(|(name, _)| development || *name != HASH)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        development,
        // Many tests share a machine that may be busy.
        limits: Limits { max_queue_wait: Duration::from_secs(30), ..Limits::default() },
        log: Log::Memory(Arc::default()),
        ..Options::default()
    }
}

/// Starts a server. It ends when the returned value is shut down or the test process ends.
pub async fn start(options: Options) -> (App, Server) {
    let Log::Memory(log) = options.log.clone() else { panic!("tests log to memory") };
    let data = options.data.clone();
    let stores_of_its_own = options.runtime_config.is_some() && !stores::external();
    let whole = options.manifest == root().join("spin.toml");
    if options.development && whole && !stores_of_its_own {
        signing_key::give(&data);
    }
    let server = host::up(options).await.unwrap();
    (App { base: format!("http://{}", server.address()), log, data }, server)
}

/// Asserts that nobody is served while this variable is wrong. A runner with the native gateway does
/// not start. Composed functions are asked for nothing before their first request, as on Spin: then
/// `path` answers 503 and the log tells the cause.
pub async fn refuses_settings(options: Options, variable: &str, path: &str) {
    let Log::Memory(log) = options.log.clone() else { panic!("tests log to memory") };
    let cause = format!("variable {variable}: ");
    match (options.placement, host::up(options).await) {
        (Placement::Fused, Err(error)) => {
            assert!(format!("{error:#}").contains(&cause), "{error:#}");
        }
        (Placement::Composed, Ok(server)) => {
            let app = App { base: format!("http://{}", server.address()), log, data: "".into() };
            let answer = app.anon().try_send(Method::POST, path, &[], None).await.unwrap();
            assert_eq!((answer.status, answer.text.as_str()), (503, ""), "{variable}");
            let log = app.log.lock().join("\n");
            assert!(log.contains(&cause), "{log}");
            server.shutdown().await.unwrap();
        }
        (placement, Ok(_)) => panic!("{placement:?} starts with a wrong {variable}"),
        (placement, Err(error)) => panic!("{placement:?} does not start: {error:#}"),
    }
}

/// A server for one test. These variables override the unlimited ones.
pub async fn dedicated(
    placement: Placement,
    variables: &[(&str, &str)],
) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let all: Vec<_> = UNLIMITED.iter().chain(variables).copied().collect();
    let (app, server) = start(options(placement, directory.path(), &all)).await;
    (app, server, directory)
}

/// The server that most tests share. It lives as long as the test process.
pub fn shared(placement: Placement) -> App {
    static FUSED: LazyLock<App> = LazyLock::new(|| background(Placement::Fused));
    static COMPOSED: LazyLock<App> = LazyLock::new(|| background(Placement::Composed));
    match placement {
        Placement::Fused => FUSED.clone(),
        Placement::Composed => COMPOSED.clone(),
    }
}

/// Starts a shared server on a thread of its own, because the runtime of a test ends with the test.
fn background(placement: Placement) -> App {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let variables = UNLIMITED.iter().chain(&[(
                "cors_allowed_origins",
                "https://app.example.com,https://admin.example.com;credentials",
            )]);
            let variables: Vec<_> = variables.copied().collect();
            let directory = tempfile::tempdir().unwrap();
            let (app, server) = start(options(placement, directory.path(), &variables)).await;
            sender.send(app).unwrap();
            std::future::pending::<()>().await;
            drop((server, directory));
        });
    });
    receiver.recv().unwrap()
}
