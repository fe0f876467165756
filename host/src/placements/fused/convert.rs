//! Conversions between the types of the protocol and those of the generated bindings.

use super::bindings::exports::tenantry::platform::route;
use super::bindings::tenantry::platform::{errors, messages, tenancy};

protocol::conversions!(errors, messages, tenancy, route);
