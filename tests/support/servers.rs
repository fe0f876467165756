//! PostgreSQL and Redis servers of a test's own, which the test may stop, restart and freeze. They
//! are the programs of Debian's packages, with data in a temporary directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A free port that stays free while its server is down.
///
/// The system gives ports of its own range to connections. Then a server could not come back at its
/// address, so the port is from below that range.
pub fn free_port() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let first = range.ok().and_then(|it| it.split_whitespace().next()?.parse().ok());
    let below = first.unwrap_or(32_768).clamp(20_000, 32_768);
    let mut ports = std::iter::repeat_with(|| fastrand::u16(10_000..below));
    ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// A PostgreSQL cluster.
pub struct Postgres {
    directory: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let postgres = Self { directory, programs: programs(), port: free_port() };
        // PostgreSQL does not run as root.
        if is_root() {
            let mut chown = Command::new("chown");
            chown.arg("postgres").arg(postgres.directory.path());
            assert!(chown.status().unwrap().success());
        }
        let data = postgres.data();
        postgres.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "--no-sync"]);
        let settings = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\n\
                        max_connections = 200\n";
        let file = Path::new(&data).join("postgresql.auto.conf");
        std::fs::write(&file, settings).unwrap();
        postgres.up();
        postgres
    }

    /// The URL of the superuser.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub fn up(&self) {
        let (data, log) = (self.data(), format!("{}/log", self.directory.path().display()));
        let port = format!("-p {}", self.port);
        self.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &port, "start"]);
    }

    /// Ends the server like a power failure.
    pub fn crash(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-m", "immediate", "stop"]);
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let path = self.programs.join(program);
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(path);
                command
            }
            false => Command::new(path),
        };
        command.args(arguments).current_dir("/").stdin(Stdio::null());
        let log = std::fs::File::create(self.directory.path().join(program)).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let status = command.status().unwrap();
        let said = std::fs::read_to_string(self.directory.path().join(program)).unwrap();
        assert!(status.success(), "{program} {arguments:?}: {said}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let arguments = ["-D", &self.data(), "-m", "immediate", "stop"];
        if !std::thread::panicking() {
            self.run("pg_ctl", &arguments);
        } else {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.run("pg_ctl", &arguments);
            }));
        }
    }
}

/// The folder in which Debian installs the programs of the newest PostgreSQL.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let newest = versions.map(|entry| entry.unwrap().path()).max_by_key(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.parse::<u32>().unwrap_or_default()
    });
    newest.expect("a version of PostgreSQL").join("bin")
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

/// A Redis server that keeps no data over a restart.
pub struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    pub fn start() -> Self {
        let port = free_port();
        Self { child: launch(port), port }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn up(&mut self) {
        self.child = launch(self.port);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(port: u16) -> Child {
    let port = port.to_string();
    let child = Command::new("redis-server")
        .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    let began = Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "redis-server does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}
