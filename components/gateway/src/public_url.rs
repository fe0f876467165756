//! The URL of this server for clients: the variable `public_url`.

use crate::local_request;
use crate::platform::Platform;
use crate::settings::Settings;

/// The URL of this server for clients.
pub(crate) struct PublicUrl {
    /// The base of absolute links (K-27), without a slash at the end.
    pub(crate) base: String,
    /// Whether it names this machine.
    pub(crate) is_loopback_url: bool,
}

impl PublicUrl {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Self {
        let url = settings.text("public_url", "http://127.0.0.1:3000").await;
        Self {
            is_loopback_url: local_request::is_loopback_url(url.trim()),
            base: url.trim_end_matches('/').to_owned(),
        }
    }
}
