//! How each kind of server is started.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::Context as _;

use crate::external::CONNECTIONS;
use crate::kind::Kind;
use crate::places::Places;
use crate::storage::Data;

/// The limits of a server, as the values of its variables.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The limit for an identity and class.
    class: &'static str,
    /// The limit for an address. If there are limits, that of the class is the tighter one, as by
    /// default.
    address: &'static str,
}

impl Limits {
    /// Limits that refuse no request, because the cost of counting is measured. The burst is large.
    /// The limit a minute is small, so that a bucket is not full again after each request, because
    /// a full bucket would be forgotten.
    pub(crate) const AMPLE: Self =
        Self { class: "6;burst=100000000", address: "6;burst=200000000" };
    /// Limits that refuse the third request.
    pub(crate) const TIGHT: Self = Self { class: "6;burst=2", ..Self::AMPLE };
    /// No limits, so that nothing is counted.
    pub(crate) const NONE: Self = Self { class: "0", address: "0" };
}

/// The command that starts a server on `data`.
pub(crate) fn command(
    places: &Places,
    kind: Kind,
    data: &Data,
    limits: Limits,
    address: SocketAddr,
) -> anyhow::Result<Command> {
    let mut command = match kind {
        Kind::Native => native(data, limits, address)?,
        Kind::Fused | Kind::Composed => runner(places, kind, data, address)?,
        Kind::Spin => spin(places, data, address)?,
        Kind::PocketBase => pocketbase(places, data, address),
    };
    command.current_dir(&places.workspace);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        // With `RUST_BACKTRACE` every error value of the runtime walks its stack.
        if text.starts_with("SPIN_VARIABLE_") || text.ends_with("_BACKTRACE") {
            command.env_remove(name);
        }
    }
    let Limits { class, address: of_address } = limits;
    let limits = [("READ", class), ("WRITE", class), ("AUTH", class), ("IP", of_address)];
    for (name, limit) in limits {
        command.env(format!("SPIN_VARIABLE_LIMIT_{name}_PER_MINUTE"), limit);
    }
    if let (Some(shared), Kind::Fused | Kind::Composed) = (&data.shared, kind) {
        command.env("SPIN_VARIABLE_POSTGRES_URL", &shared.postgres_url);
        command.env("SPIN_VARIABLE_POSTGRES_HOST", &shared.postgres_host);
    }
    if kind == Kind::Spin {
        command.env("SPIN_VARIABLE_DEVELOPMENT", "true");
    }
    Ok(command)
}

fn native(data: &Data, limits: Limits, address: SocketAddr) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let Limits { class, address: of_address } = limits;
    command.args(["serve-native", "--limit", class, "--address-limit", of_address]);
    command.args(["--listen", &address.to_string()]).arg("--data").arg(&data.directory);
    if let Some(shared) = &data.shared {
        command.args(["--postgres-url", &shared.postgres_url]);
        command.args(["--connections", &CONNECTIONS.to_string()]);
        command.args(["--redis-url", &shared.redis_url]);
        command.args(["--redis-prefix", &shared.redis_prefix]);
    }
    Ok(command)
}

fn runner(
    places: &Places,
    kind: Kind,
    data: &Data,
    address: SocketAddr,
) -> anyhow::Result<Command> {
    let mut command = Command::new(&places.host);
    command.args(["up", "--development", "--gateway", kind.name()]);
    command.args(["--listen", &address.to_string()]).arg("--data").arg(&data.directory);
    if let Some(shared) = &data.shared {
        command.arg("--runtime-config").arg(shared.runtime_config(&data.directory)?);
    }
    Ok(command)
}

/// Spin with its own embedded stores, in files that are called as those of the runner.
fn spin(places: &Places, data: &Data, address: SocketAddr) -> anyhow::Result<Command> {
    let program = places.spin.as_ref().context("SPIN_BIN is not set")?;
    let config = data.directory.join("spin-runtime-config.toml");
    let stores = [("key_value_store", "key_value.db"), ("sqlite_database", "sqlite.db")];
    let text = stores.map(|(store, file)| {
        let file = data.directory.join(file);
        format!("[{store}.default]\ntype = \"spin\"\npath = {:?}\n", file.display().to_string())
    });
    fs::write(&config, text.concat()).with_context(|| config.display().to_string())?;
    let mut command = Command::new(program);
    command.args(["up", "--from", "spin.toml", "--listen", &address.to_string()]);
    command.arg("--state-dir").arg(data.directory.join("state"));
    command.arg("--runtime-config-file").arg(config);
    Ok(command)
}

fn pocketbase(places: &Places, data: &Data, address: SocketAddr) -> Command {
    let mut command = Command::new(&places.pocketbase);
    command.args(["serve", "--automigrate=false", "--http", &address.to_string()]);
    command.arg("--dir").arg(&data.directory);
    command
}
