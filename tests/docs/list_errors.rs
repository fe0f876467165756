//! GET /docs/errors

use gateway::Code;

logic! {
    /// The index leads to the page of each code.
    async fn leads_to_each_page(app) {
        let index = app.anon().get("/docs/errors").await.expect(200);
        assert_eq!(index.header("content-type"), Some("text/html; charset=utf-8"));
        for code in Code::ALL {
            let link = format!("<a href=\"/docs/errors/{}\">", code.row().screaming);
            assert!(index.text.contains(&link), "{link}");
        }
    }
}
