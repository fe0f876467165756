//! The `Content-Length` of an answer, for hosts that do not set it. Spin sends an answer without
//! `Content-Length` in chunks, even if it has no content.

use http::StatusCode;
use protocol::Body;

/// The `Content-Length` in bytes, if it is known. `is_head` says that the request was HEAD.
pub fn of<S>(body: &Body<S>, status: StatusCode, is_head: bool) -> Option<usize> {
    match body {
        Body::Bytes(bytes) => Some(bytes.len()),
        Body::Empty if may_have_content(status, is_head) => Some(0),
        Body::Empty | Body::Streaming(_) => None,
    }
}

/// Whether an answer without content says so by a length of 0 (RFC 9110 section 8.6). In an answer
/// to HEAD the length must be that of the answer to GET, which is known to be 0 only for a
/// redirect.
fn may_have_content(status: StatusCode, is_head: bool) -> bool {
    let never = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    !never && (!is_head || status.is_redirection())
}

#[cfg(test)]
mod tests {
    use super::of;
    use http::StatusCode;
    use protocol::Body;

    #[test]
    fn what_has_nothing_says_so_where_it_may() {
        for (status, to_get, to_head) in [
            (StatusCode::PERMANENT_REDIRECT, Some(0), Some(0)),
            (StatusCode::OK, Some(0), None),
            (StatusCode::SERVICE_UNAVAILABLE, Some(0), None),
            (StatusCode::NO_CONTENT, None, None),
            (StatusCode::NOT_MODIFIED, None, None),
        ] {
            for (is_head, expected) in [(false, to_get), (true, to_head)] {
                assert_eq!(of::<()>(&Body::Empty, status, is_head), expected, "{status} {is_head}");
            }
        }
        assert_eq!(of::<()>(&Body::Bytes(vec![0; 7]), StatusCode::OK, false), Some(7));
        assert_eq!(of(&Body::Streaming(()), StatusCode::OK, false), None);
    }
}
