//! GET /api/v1/openapi.json

use http::Method;

use crate::support::contract::CONTRACT;

logic! {
    /// The served contract is the one of the repository.
    async fn is_the_contract(app) {
        let served = app.anon().get("/api/v1/openapi.json").await.expect(200);
        assert_eq!(served.body, *CONTRACT);
        assert_eq!(served.header("api-version"), served.body["info"]["version"].as_str());
    }
}

transport! {
    /// A client that has the contract can ask whether it is still the same, and does not get it
    /// again.
    async fn is_not_sent_twice(app) {
        let anon = app.anon();
        for path in ["/api/v1/openapi.json", "/v1/api-docs.json", "/docs/errors", "/docs/errors/CONFLICT"] {
            let tag = anon.get(path).await.expect(200).header("etag").unwrap().to_owned();
            let same = anon.send(Method::GET, path, &[("if-none-match", &tag)], None).await.expect(304);
            assert_eq!((same.text.as_str(), same.header("etag")), ("", Some(tag.as_str())), "{path}");
            anon.send(Method::GET, path, &[("if-none-match", "\"another\"")], None).await.expect(200);
        }
    }
}
