use super::*;
use crate::Parameter;

#[test]
fn facts_arrive_as_they_were_told() {
    let none = RequestMetadata { request_id: "req_1".to_owned(), ..RequestMetadata::default() };
    let all = RequestMetadata {
        address: "2001:db8::1".parse().ok(),
        is_local: true,
        is_for_replica: true,
        credential: credential([("usr_1", 3), ("fam a", 0)].into_iter()),
        key: Some(Key { key: "k".to_owned(), fingerprint: "f".to_owned() }),
        ..none.clone()
    };
    assert_eq!(all.subjects(), Some(vec![("usr_1", 3), ("fam a", 0)]));
    assert_eq!(none.subjects(), None);
    for metadata in [none, all] {
        let mut parameters = vec![Parameter::header("if-match", "\"1\"")];
        metadata.clone().write(&mut parameters);
        assert_eq!(RequestMetadata::take(&mut parameters), metadata);
        assert_eq!(parameters.len(), 1, "what the client sent is still there");
    }
}

#[test]
fn the_address_is_read_alone() {
    for address in [None, "2001:db8::1".parse().ok()] {
        let mut request = crate::Request::default();
        let metadata = RequestMetadata { address, ..RequestMetadata::default() };
        metadata.write(&mut request.parameters);
        assert_eq!(RequestMetadata::address(&request), address);
    }
}

#[test]
fn no_field_runs_into_the_next() {
    let forged = RequestMetadata {
        credential: "usr_1 3\nkey\nfingerprint".to_owned(),
        ..RequestMetadata::default()
    };
    let mut parameters = Vec::new();
    forged.write(&mut parameters);
    assert_eq!(RequestMetadata::take(&mut parameters), RequestMetadata::default());
}

#[test]
fn pages_arrive_as_they_were_told() {
    let link = |name: &str| Some(format!("cursor={name}"));
    let page = Page {
        first: link("a"),
        prev: link("b"),
        next: link("c"),
        last: link("d"),
        limit: Some(1),
        offset: Some(2),
        total: Some(3),
    };
    let (mut told, mut seen) = (Page::default(), Vec::new());
    for (name, value) in page.clone().headers() {
        if !told.take(&name, &value) {
            seen.push(name);
        }
    }
    assert_eq!(told, page);
    assert_eq!(seen, ["x-total-count", "x-page-limit", "x-page-offset"]);
    assert_eq!(Page::default().headers().count(), 0);
}

#[test]
fn due_work_is_told_once() {
    let mut headers = vec![("etag".to_owned(), "\"1\"".to_owned())];
    headers.extend(DueWork::ALL.map(work_due));
    headers.push(("x-work-due".to_owned(), "nobody".to_owned()));
    assert_eq!(take_work_due(&mut headers), DueWork::ALL);
    assert_eq!(take_work_due(&mut headers), []);
    assert_eq!(headers.len(), 1);
}

#[test]
fn due_work_is_at_the_path_of_its_function() {
    for due in DueWork::ALL {
        assert_eq!(due.path(), format!("/internal/work/{}", due.function()));
    }
}

#[test]
fn refusals_arrive_as_they_were_told() {
    let refusal = Refusal { operation: Some("get-user".to_owned()), ..Refusal::default() };
    assert_eq!(Refusal::read(&refusal.clone().request()), refusal);
}
