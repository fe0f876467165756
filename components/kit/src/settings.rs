//! The settings of a function: Spin variables, which `spin.toml` declares with their defaults and
//! gives to the component. A function reads all of its settings in one place, before it answers
//! anything. So a wrong setting is told when the server starts, and never becomes the default.

use std::fmt::Display;
use std::ops::{Deref, RangeInclusive};
use std::str::FromStr;
use std::sync::OnceLock;

use protocol::setting;

/// The Spin variables of the component.
///
/// The errors are sentences for the operator. They name the variable, its wrong text, and what it
/// takes.
pub struct Variables(());

impl Variables {
    async fn given(&self, name: &str) -> Option<String> {
        spin_sdk::variables::get(name).await.ok()
    }

    /// A text that is not blank.
    ///
    /// # Errors
    /// The variable is not set, or blank.
    pub async fn text(&self, name: &str) -> Result<String, String> {
        setting::text(name, self.given(name).await)
    }

    /// The text of a variable; empty if it is not set.
    pub async fn optional(&self, name: &str) -> String {
        self.given(name).await.unwrap_or_default().trim().to_owned()
    }

    /// A whole number.
    ///
    /// # Errors
    /// The variable is not set, or is not a whole number within `range`.
    pub async fn number(&self, name: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
        setting::number(name, self.given(name).await, range)
    }

    /// A number of days, from one day to a thousand years.
    ///
    /// # Errors
    /// The variable is not set, or is no such number.
    pub async fn days(&self, name: &str) -> Result<i64, String> {
        self.number(name, 1..=365_000).await.map(i64::from)
    }

    /// A value of a type of its own.
    ///
    /// # Errors
    /// The variable is not set, or the type does not take its text.
    pub async fn value<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, String> {
        let text = self.text(name).await?;
        text.parse().map_err(|why| format!("variable {name}: '{text}' {why}"))
    }
}

/// The settings of one function.
pub trait Settings: Sized + Send + Sync + 'static {
    /// Reads the settings.
    ///
    /// # Errors
    /// One sentence that names the variable and what it takes.
    fn load(variables: &Variables) -> impl Future<Output = Result<Self, String>>;
}

/// A function without settings.
impl Settings for () {
    async fn load(_: &Variables) -> Result<Self, String> {
        Ok(())
    }
}

/// The settings of this instance. They are loaded before the first request is handled.
pub struct Loaded<T>(OnceLock<T>);

impl<T: Settings> Loaded<T> {
    /// Settings that are not loaded yet.
    #[expect(clippy::new_without_default, reason = "it is the value of a static")]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Loads the settings, unless that has happened.
    ///
    /// # Errors
    /// Those of [`Settings::load`].
    pub async fn load(&self) -> Result<(), String> {
        if self.0.get().is_none() {
            // Another request of this instance may have loaded the same settings meanwhile.
            let _ = self.0.set(T::load(&Variables(())).await?);
        }
        Ok(())
    }
}

impl<T: Settings> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.get().expect("`kit::function!` loads the settings before it calls the handler")
    }
}

/// The settings of the kit itself. Functions without a database do not have its addresses.
pub(crate) struct Common {
    /// The PostgreSQL that takes the writes, and the one that may answer reads. Empty if there is
    /// none.
    pub(crate) writer: String,
    pub(crate) reader: String,
    /// The URL of this server for clients, without a slash at the end.
    pub(crate) public_url: String,
    /// Whether this is the machine of a developer.
    pub(crate) development: bool,
    /// The credentials of the scheduler and of the operator; empty if there are none.
    pub(crate) tick_token: String,
    pub(crate) operator_token: String,
}

pub(crate) static COMMON: Loaded<Common> = Loaded::new();

impl Settings for Common {
    async fn load(variables: &Variables) -> Result<Self, String> {
        // A variable of this function goes before the common one, so that the operator can give it
        // a database role of its own.
        let either = async |own: &str, common: &str| match variables.optional(own).await {
            none if none.is_empty() => variables.optional(common).await,
            own => own,
        };
        let public_url = variables.text("public_url").await?;
        Ok(Self {
            writer: either("postgres_own_url", "postgres_url").await,
            reader: either("postgres_own_reader_url", "postgres_reader_url").await,
            public_url: public_url.trim_end_matches('/').to_owned(),
            tick_token: variables.optional("tick_token").await,
            operator_token: variables.optional("operator_token").await,
            development: match variables.optional("development").await.as_str() {
                "true" => true,
                "" | "false" => false,
                other => {
                    return Err(format!(
                        "variable development: '{other}' is not true; set it to true, or not at all"
                    ));
                }
            },
        })
    }
}

/// The URL of this server for clients, without a slash at the end.
pub fn public_url() -> &'static str {
    &COMMON.public_url
}

/// Whether this is the machine of a developer, according to the variable `development`.
pub fn in_development() -> bool {
    COMMON.development
}
