//! GET /docs/errors/{code}

use gateway::Code;

const PATH: &str = "/docs/errors";

logic! {
    /// Each code has a page at its documentation URL: what it means, what happened, what to do.
    async fn each_code_has_a_page(app) {
        let anon = app.anon();
        for code in Code::ALL {
            let row = code.row();
            let page = anon.get(&format!("{PATH}/{}", row.screaming)).await.expect(200);
            assert!(page.text.contains(&format!("<code>{}</code>", row.name)), "{}", page.text);
            assert!(page.text.contains("What happened") && page.text.contains("What to do"), "{}", page.text);
            for spelling in [row.name, row.specific] {
                assert_eq!(anon.get(&format!("{PATH}/{spelling}")).await.expect(200).text, page.text);
            }
        }
    }

    /// A page is complete, any cache may store it, and it contains no script.
    async fn is_a_plain_page(app) {
        let page = app.anon().get(&format!("{PATH}/validation_error")).await.expect(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.header("cache-control").unwrap().starts_with("public, max-age="));
        assert!(page.text.starts_with("<!doctype html>\n<html lang=\"en\">"), "{}", page.text);
        assert!(page.text.contains("<title>The request breaks the contract"), "{}", page.text);
        for active in ["<script", " on", "javascript:", "http://", "https://"] {
            let tags = page.text.split('<').filter_map(|tag| tag.split('>').next());
            assert!(!tags.into_iter().any(|tag| format!("<{tag}").contains(active)), "{active}");
        }
        assert!(page.text.contains("<a href=\"/docs/errors\">"), "{}", page.text);
    }

    /// An unknown code has no page, and the message does not repeat it.
    async fn unknown_codes(app) {
        for code in ["NOTHING", "VALIDATION_ERROR.md", "%3Cscript%3E"] {
            let refused = app.anon().get(&format!("{PATH}/{code}")).await.refused(404, "resource_not_found");
            assert!(!refused.text.contains("script"), "{}", refused.text);
        }
    }
}
