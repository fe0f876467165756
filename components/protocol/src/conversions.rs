//! Conversions between the types of this crate and those that a bindings generator makes of `wit/`.
//! Three crates have such bindings: the gateway as a component, the functions, and the runner. All
//! of them convert with this macro. Strings and lists of bytes are moved, not copied.

/// Implements `From`, in both directions, between the types of this crate and those of generated
/// bindings. It takes the names under which the four interfaces of `wit/` are in scope:
///
/// ```ignore
/// use bindings::exports::tenantry::platform::route;
/// use bindings::tenantry::platform::{errors, messages, tenancy};
/// protocol::conversions!(errors, messages, tenancy, route);
/// ```
///
/// Bodies and responses are left out, because each of the three has its own type of streams. If a
/// field or a case is added to `wit/`, then only this macro and the types beside it change.
#[macro_export]
macro_rules! conversions {
    ($errors:ident, $messages:ident, $tenancy:ident, $route:ident) => {
        $crate::code_conversions! { $errors }
        $crate::record! { $errors Violation: pointer, code, message, value; ; ; }
        $crate::record! { $errors Error: message, context, retry_after, internal; code; ; violations }

        $crate::choice! { $tenancy Principal: User(id), Client(id), ApiKey(id) }
        $crate::record! { $tenancy Caller: tenant; principal, grants; ; }
        $crate::record! { $tenancy Context: trace_id; ; caller; }

        $crate::choice! { $messages Location: Path, Query, Header }
        $crate::record! { $messages Parameter: name, value; location; ; }
        $crate::record! { $messages Request: body; ; ; parameters }

        $crate::record! { $route Relation: name, member, collection, many; ; ; }
        $crate::record! { $route Shape:
            collection, is_addressed, is_page, is_numbered, enums, maps; ; ; relations }
        $crate::choice! { $route Idempotency: Unsupported, Optional, Required }
        $crate::record! { $route Limit: class, per_minute, burst, cost; ; ; }
        $crate::record! { $route Operation:
            id, method, path, version, public, scopes, headers, consumes, body_required, produces;
            limit, idempotency; shape; }
    };
}

/// The conversions of a record. It takes the fields that have the same type on both sides, then
/// those to convert, then the optional ones, then the lists of records.
#[doc(hidden)]
#[macro_export]
macro_rules! record {
    (
        $module:ident $name:ident:
        $($same:ident),*; $($one:ident),*; $($optional:ident),*; $($many:ident),*
    ) => {
        impl From<$crate::$name> for $module::$name {
            fn from(it: $crate::$name) -> Self {
                Self {
                    $($same: it.$same,)*
                    $($one: it.$one.into(),)*
                    $($optional: it.$optional.map(Into::into),)*
                    $($many: it.$many.into_iter().map(Into::into).collect(),)*
                }
            }
        }
        impl From<$module::$name> for $crate::$name {
            fn from(it: $module::$name) -> Self {
                Self {
                    $($same: it.$same,)*
                    $($one: it.$one.into(),)*
                    $($optional: it.$optional.map(Into::into),)*
                    $($many: it.$many.into_iter().map(Into::into).collect(),)*
                }
            }
        }
    };
}

/// The conversions of an enumeration. Its cases hold the same type on both sides, or nothing.
#[doc(hidden)]
#[macro_export]
macro_rules! choice {
    ($module:ident $name:ident: $($case:ident $(($held:ident))?),*) => {
        impl From<$crate::$name> for $module::$name {
            fn from(it: $crate::$name) -> Self {
                match it { $($crate::$name::$case $(($held))? => Self::$case $(($held))?),* }
            }
        }
        impl From<$module::$name> for $crate::$name {
            fn from(it: $module::$name) -> Self {
                match it { $($module::$name::$case $(($held))? => Self::$case $(($held))?),* }
            }
        }
    };
}
