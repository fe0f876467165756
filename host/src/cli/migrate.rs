//! `tenantry migrate`

pub(crate) const EXAMPLES: &str = "\
For PostgreSQL only: the embedded store is brought up to date by the functions themselves.
The URL is that of a role which owns the database; the functions get another one, which may
neither change tables nor see the rows of more than one tenant at a time:

  CREATE ROLE tenantry_owner LOGIN PASSWORD '…';
  CREATE ROLE tenantry_app LOGIN PASSWORD '…';
  CREATE DATABASE tenantry OWNER tenantry_owner;

Several may run at once: one works, the others wait. What is up to date stays as it is, so
run it before each start of a new release.

Examples:
  tenantry migrate --database-url postgres://tenantry_owner:…@db/tenantry
  DATABASE_URL=postgres://tenantry_owner:…@db/tenantry tenantry migrate --app-role api
  DATABASE_URL=postgres://tenantry_owner:…@db/tenantry tenantry migrate --function-roles tenantry
  SPIN_VARIABLE_POSTGRES_URL=postgres://tenantry_app:…@db/tenantry tenantry up";

#[derive(clap::Args)]
pub(crate) struct Migrate {
    /// The database, as the role that owns it.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
    /// The role of the functions.
    #[arg(long, default_value = "tenantry_app", value_name = "NAME")]
    app_role: String,
    /// A role for each function instead: PREFIX_auth, PREFIX_events and so on, which may do what
    /// that function does and see its tables alone.
    #[arg(long, value_name = "PREFIX", conflicts_with = "app_role")]
    function_roles: Option<String>,
}

impl Migrate {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let tell = |line: &str| println!("{line}");
        let roles = match self.function_roles {
            Some(prefix) => tenantry::Roles::Each(prefix),
            None => tenantry::Roles::One(self.app_role),
        };
        super::block_on(tenantry::migrate(&self.database_url, roles, tell))
    }
}
