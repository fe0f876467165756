//! The closed registry of errors (A-51, A-110, S-41): one row for each code of
//! `wit/errors.wit`, in the same order; a test holds the two against each other.

/// What is known about one error code.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The native spelling, snake_case.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A short title for people.
    pub title: &'static str,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

macro_rules! registry {
    ($($case:ident $status:literal $retryable:literal $name:literal $title:literal;)*) => {
        /// A code of the registry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "documented in wit/errors.wit and by its title")]
        pub enum Code { $($case),* }

        impl Code {
            /// Every code, in the order of `wit/errors.wit`.
            pub const ALL: &'static [Code] = &[$(Code::$case),*];

            /// The row of this code.
            pub const fn row(self) -> &'static Row {
                match self {
                    $(Code::$case => &Row {
                        name: $name, status: $status, title: $title, retryable: $retryable,
                    }),*
                }
            }
        }
    };
}

registry! {
    // case                status retry native spelling             title
    MalformedRequest         400 false "malformed_request"         "The request cannot be parsed";
    InvalidParameter         400 false "invalid_parameter"         "A query parameter is not valid";
    InvalidCursor            400 false "invalid_cursor"            "The cursor does not belong to this list";
    InvalidRequest           400 false "invalid_request"           "The OAuth request is not valid";
    InvalidClient            401 false "invalid_client"            "Client authentication failed";
    InvalidGrant             400 false "invalid_grant"             "The grant is not valid";
    UnauthorizedClient       400 false "unauthorized_client"       "The client may not use this grant";
    UnsupportedGrantType     400 false "unsupported_grant_type"    "The grant type is not supported";
    InvalidScope             400 false "invalid_scope"             "The scope is not valid";
    AuthenticationRequired   401 false "authentication_required"   "A credential is needed";
    InvalidToken             401 false "invalid_token"             "The credential is not valid";
    InvalidCredentials       401 false "invalid_credentials"       "E-mail or password is wrong";
    InsufficientScope        403 false "insufficient_scope"        "The credential lacks a scope";
    TenantMismatch           403 false "tenant_mismatch"           "The tenant is not the credential's";
    RouteNotFound            404 false "route_not_found"           "No such route";
    ResourceNotFound         404 false "resource_not_found"        "No such resource";
    MethodNotAllowed         405 false "method_not_allowed"        "The method is not allowed here";
    NotAcceptable            406 false "not_acceptable"            "No acceptable representation";
    Conflict                 409 false "conflict"                  "The request conflicts with the current state";
    IdempotencyConflict      409 true  "idempotency_conflict"      "The same request is still running";
    ResourceGone             410 false "resource_gone"             "The resource was deleted";
    DeprecatedVersion        410 false "deprecated_version"        "This version of the API has been sunset";
    PreconditionFailed       412 false "precondition_failed"       "The object has another version";
    PayloadTooLarge          413 false "payload_too_large"         "The body is too large";
    UriTooLong               414 false "uri_too_long"              "The request target is too long";
    UnsupportedMediaType     415 false "unsupported_media_type"    "The media type is not supported";
    ValidationFailed         422 false "validation_failed"         "The request breaks the contract";
    IdempotencyKeyReused     422 false "idempotency_key_reused"    "The idempotency key was used for another request";
    PreconditionRequired     428 false "precondition_required"     "If-Match is needed";
    RateLimitExceeded        429 true  "rate_limit_exceeded"       "Too many requests";
    HeaderFieldsTooLarge     431 false "header_fields_too_large"   "The header section is too large";
    InternalError            500 true  "internal_error"            "An unexpected fault of the server";
    NotImplemented           501 false "not_implemented"           "The method is not implemented";
    ServiceUnavailable       503 true  "service_unavailable"       "The service is not available now";
    Timeout                  504 true  "timeout"                   "The function did not answer in time";
}

/// `errors.violation`
#[derive(Clone, Debug)]
pub struct Violation {
    /// JSON Pointer or parameter name.
    pub pointer: String,
    /// SCREAMING_SNAKE_CASE.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// The rejected value as JSON, when it may be shown.
    pub value: Option<String>,
}

/// `errors.error`. It has no `Display`: `message` is for the client, `internal` for the log.
#[derive(Clone, Debug)]
pub struct Error {
    /// The row.
    pub code: Code,
    /// A sentence for the client.
    pub message: String,
    /// All violations.
    pub violations: Vec<Violation>,
    /// Further members of `details`.
    pub context: Vec<(String, String)>,
    /// Seconds.
    pub retry_after: Option<u32>,
    /// For the log only.
    pub internal: Option<String>,
}

impl Error {
    /// An error with a sentence for the client.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            violations: Vec::new(),
            context: Vec::new(),
            retry_after: None,
            internal: None,
        }
    }

    /// An error whose cause is for the log only; the client reads the title of the row.
    pub fn internal(code: Code, cause: impl Into<String>) -> Self {
        Self { internal: Some(cause.into()), ..Self::new(code, code.row().title) }
    }

    /// Adds a member of `details`.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.context.push((name.to_owned(), value.into()));
        self
    }
}
