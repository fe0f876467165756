//! The closed registry of errors (A-51, A-110, S-41): one row for each code of `wit/errors.wit`.
//!
//! Everything else about errors is generated from it: the answers to clients, the contract's error
//! responses, and the pages in `docs/errors/`.

/// One row of the registry: the facts about one error code.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The native spelling, snake_case.
    pub name: &'static str,
    /// The spelling of envelopes and of documentation URLs, SCREAMING_SNAKE_CASE (D-59, D-63).
    pub screaming: &'static str,
    /// The spelling CATEGORY_SPECIFIC, which camel answers use behind the name of the service
    /// (E-51).
    pub specific: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A short title for people.
    pub title: &'static str,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// What happened: a sentence for people, with code in backticks.
    pub meaning: &'static str,
    /// What to do next: a sentence for people, with code in backticks.
    pub remedy: &'static str,
}

// The first argument is a dollar sign, which the macro inside needs for its own argument.
macro_rules! registry {
    ($dollar:tt $(
        $case:ident $status:literal $retryable:literal $name:literal $screaming:literal
        $specific:literal $title:literal $meaning:literal $remedy:literal;
    )*) => {
        /// A code of the registry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "documented in wit/errors.wit and by its row")]
        pub enum Code { $($case),* }

        /// The conversions of [`Code`]. A case that only one side knows does not compile.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! code_conversions {
            ($dollar errors:ident) => { $crate::choice! { $dollar errors Code: $($case),* } };
        }

        impl Code {
            /// Every code, in the order of `wit/errors.wit`.
            pub const ALL: &'static [Code] = &[$(Code::$case),*];

            /// The row of this code.
            pub const fn row(self) -> &'static Row {
                match self {
                    $(Code::$case => &Row {
                        name: $name, screaming: $screaming, specific: $specific,
                        status: $status, title: $title, retryable: $retryable,
                        meaning: $meaning, remedy: $remedy,
                    }),*
                }
            }
        }
    };
}

registry! { $
    // case status retryable native SCREAMING CATEGORY_SPECIFIC
    //     title
    //     meaning
    //     remedy
    MalformedRequest 400 false "malformed_request" "MALFORMED_REQUEST" "REQUEST_MALFORMED"
        "The request cannot be parsed"
        "The path, a header or the body breaks its syntax. For example, the body is not valid JSON."
        "Correct the syntax at the place that the message names, then send the request again.";
    InvalidParameter 400 false "invalid_parameter" "INVALID_PARAMETER" "REQUEST_INVALID_PARAMETER"
        "A query parameter is not valid"
        "The query string has a parameter that this operation does not know, or a value that the operation cannot read."
        "Compare the parameters in `details.fields` with those of the operation in the contract; names are case-sensitive.";
    InvalidCursor 400 false "invalid_cursor" "INVALID_CURSOR" "REQUEST_INVALID_CURSOR"
        "The cursor does not belong to this list"
        "The cursor was changed, or it comes from another list, another filter or another tenant."
        "Begin again without a cursor. Then send each `next_cursor` unchanged, and with the same other parameters.";
    InvalidRequest 400 false "invalid_request" "INVALID_REQUEST" "AUTH_INVALID_REQUEST"
        "The OAuth request is not valid"
        "A parameter of the token request is missing, repeated or malformed (RFC 6749 section 5.2)."
        "Send each parameter of the grant once, form-encoded in the body, and client credentials in one place only.";
    InvalidClient 401 false "invalid_client" "INVALID_CLIENT" "AUTH_INVALID_CLIENT"
        "Client authentication failed"
        "The client id is not known, the secret is wrong, or no client authentication was sent (RFC 6749 section 5.2)."
        "Send client id and secret with HTTP Basic or in the form; if the secret is lost, rotate it.";
    InvalidGrant 400 false "invalid_grant" "INVALID_GRANT" "AUTH_INVALID_GRANT"
        "The grant is not valid"
        "The refresh token is wrong, expired, revoked or was used before; a second use revokes all tokens of that login."
        "Log in again, and from then on keep only the newest refresh token.";
    UnauthorizedClient 400 false "unauthorized_client" "UNAUTHORIZED_CLIENT" "AUTH_UNAUTHORIZED_CLIENT"
        "The client may not use this grant"
        "The client is known, but it may not use this grant type (RFC 6749 section 5.2)."
        "Use the grant type that the client was made for.";
    UnsupportedGrantType 400 false "unsupported_grant_type" "UNSUPPORTED_GRANT_TYPE" "AUTH_UNSUPPORTED_GRANT_TYPE"
        "The grant type is not supported"
        "The token endpoint does not know the value of `grant_type`."
        "Use `client_credentials` for machine clients or `refresh_token`.";
    InvalidScope 400 false "invalid_scope" "INVALID_SCOPE" "AUTH_INVALID_SCOPE"
        "The scope is not valid"
        "A scope that was asked for does not exist, or is more than the client or the refresh token holds."
        "Ask for fewer scopes, or leave `scope` out to get all that are granted.";
    AuthenticationRequired 401 false "authentication_required" "AUTHENTICATION_REQUIRED" "AUTH_REQUIRED"
        "A credential is needed"
        "The operation is not public, and the request carried no credential."
        "Log in or issue a token, then send it as `Authorization: Bearer` with the request.";
    InvalidToken 401 false "invalid_token" "INVALID_TOKEN" "AUTH_INVALID_TOKEN"
        "The credential is not valid"
        "The access token is malformed, expired, signed by another key or meant for another service."
        "Get a new token with the refresh token or by logging in, then send the request again.";
    InvalidCredentials 401 false "invalid_credentials" "INVALID_CREDENTIALS" "AUTH_INVALID_CREDENTIALS"
        "E-mail or password is wrong"
        "There is no user with this e-mail address and password, or the user is not a member of the tenant. The answer does not say which."
        "Check the address, the password and, where one was sent, the tenant; repeated guesses are counted.";
    InsufficientScope 403 false "insufficient_scope" "INSUFFICIENT_SCOPE" "AUTH_INSUFFICIENT_SCOPE"
        "The credential lacks a scope"
        "The credential is valid, but does not hold the scope that the operation needs, which is in `details.required_scope`."
        "Use a credential that holds the scope, or ask an owner of the tenant for one.";
    TenantMismatch 403 false "tenant_mismatch" "TENANT_MISMATCH" "AUTH_TENANT_MISMATCH"
        "The tenant does not match the credential"
        "The header `X-Tenant-Id` or the body names another tenant than that of the credential."
        "Leave the tenant out, or log in for the tenant that you mean.";
    Forbidden 403 false "forbidden" "FORBIDDEN" "REQUEST_FORBIDDEN"
        "The request is not allowed"
        "No client may do what the request asks for, such as choose the id of a new object."
        "Leave out what the message names. Another credential does not help.";
    RouteNotFound 404 false "route_not_found" "ROUTE_NOT_FOUND" "ROUTE_NOT_FOUND"
        "No such route"
        "No operation of this API has the path of the request."
        "Compare the path with the contract: the version prefix, plural names, and no slash at the end.";
    ResourceNotFound 404 false "resource_not_found" "RESOURCE_NOT_FOUND" "RESOURCE_NOT_FOUND"
        "No such resource"
        "The tenant of the credential has no object with this id. The answer is the same if another tenant has one."
        "Check the id, and the tenant of the credential. The list shows which objects exist.";
    MethodNotAllowed 405 false "method_not_allowed" "METHOD_NOT_ALLOWED" "METHOD_NOT_ALLOWED"
        "The method is not allowed here"
        "The path exists, but does not take this HTTP method."
        "Use one of the methods in the header `Allow`.";
    NotAcceptable 406 false "not_acceptable" "NOT_ACCEPTABLE" "REPRESENTATION_NOT_ACCEPTABLE"
        "No acceptable representation"
        "The server can produce none of the media types, profiles or versions that the request accepts."
        "Send `Accept: application/json`, or one of the other media types that the contract has for the operation.";
    RequestTimeout 408 true "request_timeout" "REQUEST_TIMEOUT" "REQUEST_TIMEOUT"
        "The body did not come in time"
        "The body was sent too slowly, or its rest never came; nothing was done, and the connection is closed."
        "Send the request again on a new connection, with all of the body at once.";
    Conflict 409 false "conflict" "CONFLICT" "RESOURCE_CONFLICT"
        "The request conflicts with the current state"
        "A value that must be unique is taken, or the object is in a state in which this cannot be done."
        "Read the current state, decide again, and send a request that fits it.";
    IdempotencyConflict 409 true "idempotency_conflict" "IDEMPOTENCY_CONFLICT" "IDEMPOTENCY_CONFLICT"
        "The same request is still running"
        "A request with the same `Idempotency-Key` has not been answered yet."
        "Wait for the seconds in `Retry-After` and send it again with the same key: it gets the answer to the first request.";
    ResourceGone 410 false "resource_gone" "RESOURCE_GONE" "RESOURCE_GONE"
        "The resource was deleted"
        "The object existed in this tenant and was deleted."
        "Forget the id; an object that is deleted does not come back.";
    DeprecatedVersion 410 false "deprecated_version" "DEPRECATED_VERSION" "VERSION_DEPRECATED"
        "This version of the API has been sunset"
        "The operation was announced as deprecated, and the day of its sunset has passed."
        "Move to the version that the migration guide in the answer leads to.";
    PreconditionFailed 412 false "precondition_failed" "PRECONDITION_FAILED" "PRECONDITION_FAILED"
        "The object has another version"
        "The version in `If-Match` is not the current one: somebody changed the object since it was read."
        "Read the object again, apply the change to what it is now, and send the new `ETag`.";
    PayloadTooLarge 413 false "payload_too_large" "PAYLOAD_TOO_LARGE" "PAYLOAD_TOO_LARGE"
        "The body is too large"
        "The body has more bytes than the server reads; the limit is in `details.limit_bytes`."
        "Send less at once, in several requests where the operation allows it.";
    UriTooLong 414 false "uri_too_long" "URI_TOO_LONG" "URI_TOO_LONG"
        "The request target is too long"
        "Path and query string together are longer than the server reads."
        "Send fewer or shorter query parameters.";
    UnsupportedMediaType 415 false "unsupported_media_type" "UNSUPPORTED_MEDIA_TYPE" "MEDIA_TYPE_UNSUPPORTED"
        "The media type is not supported"
        "The operation does not read bodies of this `Content-Type`, or it is missing or not in UTF-8."
        "Send one of the media types in `details.accept`, such as `application/json`.";
    ValidationFailed 422 false "validation_failed" "VALIDATION_ERROR" "VALIDATION_FAILED"
        "The request breaks the contract"
        "The request can be parsed, but a field or parameter breaks a rule of the contract; nothing was changed."
        "Correct everything that `details.fields` lists: it names each place and rule, not only the first.";
    IdempotencyKeyReused 422 false "idempotency_key_reused" "IDEMPOTENCY_KEY_REUSED" "IDEMPOTENCY_KEY_REUSED"
        "The idempotency key was used for another request"
        "The `Idempotency-Key` belongs to an earlier request with another body."
        "Make a new key for each new request, and keep a key for retries of the same request only.";
    PreconditionRequired 428 false "precondition_required" "PRECONDITION_REQUIRED" "PRECONDITION_REQUIRED"
        "If-Match is needed"
        "The operation replaces an object and was sent without `If-Match`, so it could undo a change that the client has not seen."
        "Read the object and send its `ETag` as `If-Match`.";
    RateLimitExceeded 429 true "rate_limit_exceeded" "RATE_LIMIT_EXCEEDED" "RATE_LIMIT_EXCEEDED"
        "Too many requests"
        "The credential or the address has sent more requests in this minute than its limit allows."
        "Wait for the seconds in `Retry-After`; `X-RateLimit-Remaining` says how many requests are left.";
    HeaderFieldsTooLarge 431 false "header_fields_too_large" "HEADER_FIELDS_TOO_LARGE" "HEADER_FIELDS_TOO_LARGE"
        "The header section is too large"
        "The header fields together are larger than the server reads."
        "Send fewer or shorter header fields; cookies are not needed here.";
    InternalError 500 true "internal_error" "INTERNAL_ERROR" "INTERNAL_ERROR"
        "An unexpected fault of the server"
        "Something failed inside the server. The log has the cause under the trace id; the answer never has it."
        "Try again later with the same `Idempotency-Key`. If it fails again, then tell the operator the trace id.";
    NotImplemented 501 false "not_implemented" "NOT_IMPLEMENTED" "METHOD_NOT_IMPLEMENTED"
        "The method is not implemented"
        "No operation of any path has this HTTP method."
        "Use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS as the contract says.";
    ServiceUnavailable 503 true "service_unavailable" "SERVICE_UNAVAILABLE" "SERVICE_UNAVAILABLE"
        "The service is not available now"
        "The server is at capacity or shutting down, or something that it depends on does not answer."
        "Wait for the seconds in `Retry-After` and send the request again, with the same `Idempotency-Key` if it writes.";
    Timeout 504 true "timeout" "TIMEOUT" "SERVICE_TIMEOUT"
        "The function did not answer in time"
        "The request was accepted, but the function took too long. It is not known whether the work was done."
        "Send the request again with the same `Idempotency-Key`, or read the object first to see whether it was done.";
}
