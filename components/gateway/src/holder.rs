//! The holder of a stream. By it, the host bounds the number of streams of one caller, one tenant
//! and one network. The composed gateway names the holder in a header, which the host removes.

use protocol::{Context, Principal, Request, metadata};
use sha2::{Digest, Sha256};

use crate::limits::network;

/// The header of a streaming answer that names its holder to the host.
pub const HEADER: &str = "x-stream-holder";
/// The header of a request with which the host says that it removes [`HEADER`].
pub const ASKED: &str = "spin-stream-holder";

/// The message for a holder with too many streams.
pub const MESSAGE: &str =
    "Too many streams are open for you, your tenant or your network; close one first.";
/// Seconds until a retry makes sense. Nobody knows when one of the streams ends.
pub const RETRY_AFTER: u32 = 10;

/// The holder of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The tenant; absent for a caller without a credential.
    pub tenant: Option<String>,
    /// The person, client or key in this tenant. Without a credential, it is the network.
    pub caller: String,
    /// The address of the client (IPv6: its /64); empty if it is not known.
    pub network: String,
}

impl Holder {
    /// The holder of a stream that answers this request.
    pub fn of(context: &Context, request: &Request) -> Self {
        let address = metadata::RequestMetadata::address(request);
        let network = address.map(|address| network(address).to_string()).unwrap_or_default();
        let Some(caller) = &context.caller else {
            return Self { tenant: None, caller: network.clone(), network };
        };
        let kind = match &caller.principal {
            Principal::User(_) => "user",
            Principal::Client(_) => "client",
            Principal::ApiKey(_) => "key",
        };
        let tenant = Some(caller.tenant.clone());
        Self { tenant, caller: format!("{kind} {}", caller.id()), network }
    }

    /// The name under which calls take turns: that of the tenant, or of the network of a caller without
    /// a credential.
    pub fn turn(&self) -> String {
        match &self.tenant {
            Some(tenant) => format!("tenant {tenant}"),
            None => format!("network {}", self.network),
        }
    }

    /// The value of the header. It consists of digests, because names of tenants are free text.
    pub fn encode(&self) -> String {
        let tenant = self.tenant.as_deref().map(digest).unwrap_or_default();
        format!("{tenant};{};{}", digest(&self.caller), digest(&self.network))
    }

    /// The holder from the value of the header. Its names are the digests of [`Holder::encode`].
    pub fn decode(value: &str) -> Option<Self> {
        let (tenant, rest) = value.split_once(';')?;
        let (caller, network) = rest.split_once(';')?;
        let tenant = (!tenant.is_empty()).then(|| tenant.to_owned());
        Some(Self { tenant, caller: caller.to_owned(), network: network.to_owned() })
    }
}

fn digest(name: &str) -> String {
    hex::encode(&Sha256::digest(name)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Caller, Grants};

    fn of(caller: Option<(&str, Principal)>, address: &str) -> Holder {
        let caller = caller.map(|(tenant, principal)| Caller {
            tenant: tenant.to_owned(),
            principal,
            grants: Grants::default(),
        });
        let context = Context { trace_id: String::new(), caller };
        let mut request = Request::default();
        let metadata = metadata::RequestMetadata {
            address: address.parse().ok(),
            ..metadata::RequestMetadata::default()
        };
        metadata.write(&mut request.parameters);
        Holder::of(&context, &request)
    }

    #[test]
    fn callers_and_tenants_are_told_apart() {
        let user = |id: &str| Principal::User(id.to_owned());
        let alice = of(Some(("a", user("1"))), "192.0.2.1");
        let away = of(Some(("a", user("1"))), "192.0.2.2");
        assert_eq!((&alice.tenant, &alice.caller), (&away.tenant, &away.caller), "wherever from");
        assert_ne!(alice.network, away.network);
        let colleague = of(Some(("a", user("2"))), "192.0.2.1");
        assert_eq!(alice.tenant, colleague.tenant);
        let elsewhere = of(Some(("b", user("1"))), "192.0.2.1");
        let client = of(Some(("a", Principal::Client("1".to_owned()))), "192.0.2.1");
        for other in [colleague, elsewhere, client] {
            assert_ne!(alice, other);
            assert_ne!(Holder::decode(&alice.encode()), Holder::decode(&other.encode()));
        }
        let header = Holder::decode(&alice.encode()).expect("a holder");
        assert_eq!((header.tenant.is_some(), header.caller.len()), (true, 32));
        let away = Holder::decode(&away.encode()).expect("a holder");
        assert_eq!(header.caller, away.caller);
        assert_ne!(header.network, away.network);
    }

    #[test]
    fn who_has_no_credential_is_an_address() {
        let anon = |address| of(None, address);
        assert_ne!(anon("192.0.2.1"), anon("192.0.2.2"));
        assert_eq!(anon("2001:db8::1"), anon("2001:db8::2"));
        assert_ne!(anon("2001:db8::1"), anon("2001:db8:0:1::1"));
        let header = Holder::decode(&anon("192.0.2.1").encode());
        assert_eq!(header.expect("a holder").tenant, None);
    }
}
