//! The settings of this function. `spin.toml` declares them, with their defaults.

use argon2::Params;
use kit::{Loaded, Variables};

const DAY_MS: i64 = 86_400_000;

pub(crate) static SETTINGS: Loaded<Settings> = Loaded::new();

pub(crate) struct Settings {
    /// `iss` and `aud` of access tokens.
    pub(crate) issuer: String,
    pub(crate) audience: String,
    /// The lifetime of an access token, in seconds (K-35).
    pub(crate) access_token_seconds: u32,
    /// How long a login may be refreshed, in milliseconds.
    pub(crate) refresh_family: i64,
    /// How long a key signs, in milliseconds.
    pub(crate) signing_key: i64,
    /// The cost of a hash. Only in development does the setting lower it. No setting raises it:
    /// hashes from before would then be compared faster than no hash, and so tell who is known.
    pub(crate) hash: Params,
}

impl kit::Settings for Settings {
    async fn load(variables: &Variables) -> Result<Self, String> {
        let least = match kit::in_development() {
            true => Params::MIN_M_COST,
            false => Params::DEFAULT_M_COST,
        };
        let name = "argon2_memory_kib";
        let memory = variables.number(name, least..=Params::DEFAULT_M_COST).await?;
        Ok(Self {
            issuer: variables.text("token_issuer").await?,
            audience: variables.text("token_audience").await?,
            access_token_seconds: variables.number("access_token_seconds", 900..=3600).await?,
            refresh_family: variables.days("refresh_family_days").await? * DAY_MS,
            signing_key: variables.days("signing_key_days").await? * DAY_MS,
            hash: Params::new(memory, Params::DEFAULT_T_COST, Params::DEFAULT_P_COST, None)
                .map_err(|why| format!("variable {name}: {why}"))?,
        })
    }
}
