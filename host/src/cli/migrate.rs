//! `tenantry migrate`

pub(crate) const EXAMPLES: &str = "\
This is for PostgreSQL only. The functions themselves update the schema of the embedded store.
The command connects as the role that owns the database. The functions connect as another
role, which may not change tables, and which sees the rows of only one tenant at a time. To
make both roles and the database in PostgreSQL:

  CREATE ROLE tenantry_owner LOGIN PASSWORD '…';
  CREATE ROLE tenantry_app LOGIN PASSWORD '…';
  CREATE DATABASE tenantry OWNER tenantry_owner;

With --function-roles PREFIX, each function connects as its own role: PREFIX_auth, PREFIX_events
and so on. Each role may do only what its function does, and sees only the tables of that function.

Run it before each start of a new release. If the schema is up to date, then nothing changes.
Several of these commands may run at once: one works, and the others wait.

Examples:
  tenantry migrate --database-url postgres://tenantry_owner:…@db/tenantry
  DATABASE_URL=postgres://tenantry_owner:…@db/tenantry tenantry migrate --app-role api
  DATABASE_URL=postgres://tenantry_owner:…@db/tenantry tenantry migrate --function-roles tenantry
  SPIN_VARIABLE_POSTGRES_URL=postgres://tenantry_app:…@db/tenantry \\
  SPIN_VARIABLE_POSTGRES_HOST=db:5432 tenantry up        with SPIN_VARIABLE_MASTER_KEY set";

#[derive(clap::Args)]
pub(crate) struct Migrate {
    /// The database, with the role that owns it.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
    /// The role that the functions connect as.
    #[arg(long, default_value = "tenantry_app", value_name = "NAME")]
    app_role: String,
    /// Use a role for each function instead: PREFIX_auth, PREFIX_events, ….
    #[arg(long, value_name = "PREFIX", conflicts_with = "app_role")]
    function_roles: Option<String>,
}

impl Migrate {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let print = |line: &str| println!("{line}");
        let roles = match self.function_roles {
            Some(prefix) => host::Roles::Each(prefix),
            None => host::Roles::One(self.app_role),
        };
        super::block_on(host::migrate(&self.database_url, roles, print))
    }
}
