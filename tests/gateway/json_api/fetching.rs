//! "Fetching Data"

use serde_json::{Value, json};

use super::{PROJECTS, TEAMS, USERS, get, made, user};

/// The names in an object.
fn names(object: &Value) -> Vec<&str> {
    object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

logic! {
    /// "200 OK": a related resource that could exist but does not is null.
    async fn an_empty_relationship_is_null(app) {
        let owner = app.owner().await;
        let jane = user(&owner, "jane", None).await;
        let team = owner.post(TEAMS, &json!({ "name": "t" })).await.expect(201);
        for path in [format!("{USERS}/{}/manager", jane.id()), format!("{TEAMS}/{}/lead", team.id())] {
            let answer = get(&owner, &path).await.expect(200);
            assert_eq!(answer.body["data"], Value::Null, "{path}");
        }
        let none = get(&owner, &format!("{USERS}/{}/teams", jane.id())).await.expect(200);
        assert_eq!(none.body["data"], json!([]));
    }

    /// "404 Not Found": a single resource that does not exist or is another tenant's is a 404, and
    /// so is a resource related to it.
    async fn not_found(app) {
        let (owner, other) = (app.owner().await, app.owner().await);
        let foreign = made(&other).await;
        let foreign = foreign["id"].as_str().unwrap();
        for path in ["prj_none", "prj_none/owner", foreign, &format!("{foreign}/owner")] {
            get(&owner, &format!("{PROJECTS}/{path}")).await.expect(404);
        }
    }

    /// "Inclusion of Related Resources": if a request asks for related resources, then the document
    /// has `included`, even if it is empty. An unknown path is a 400.
    async fn include(app) {
        let owner = app.owner().await;
        let empty = get(&owner, &format!("{PROJECTS}?include=owner")).await.expect(200);
        assert_eq!(empty.body["included"], json!([]), "nothing is on the page");
        let path = made(&owner).await["links"]["self"].as_str().unwrap().to_owned();
        let none = get(&owner, &format!("{path}?include=")).await.expect(200);
        assert_eq!(none.body["included"], json!([]), "nothing was asked for");
        assert_eq!(get(&owner, &path).await.body.get("included"), None);
        let one = get(&owner, &format!("{path}?include=owner")).await.expect(200);
        let included = one.body["included"].as_array().unwrap();
        assert_eq!((included.len(), &included[0]["type"]), (1, &json!("users")));
        let jane = user(&owner, "jane", None).await;
        let alone = get(&owner, &format!("{USERS}/{}?include=manager,teams", jane.id())).await.expect(200);
        assert_eq!(alone.body["included"], json!([]));
        for wrong in ["nobody", "owner.manager", "owner,", ",", "owner,nobody"] {
            get(&owner, &format!("{path}?include={wrong}")).await.expect(400);
            get(&owner, &format!("{PROJECTS}?include={wrong}")).await.expect(400);
        }
    }

    /// "Sparse Fieldsets": only the requested fields are shown, relationships among them. An empty
    /// value shows none at all.
    async fn sparse_fieldsets(app) {
        let owner = app.owner().await;
        let path = made(&owner).await["links"]["self"].as_str().unwrap().to_owned();
        let shown = async |query: &str| {
            let one = get(&owner, &format!("{path}?{query}")).await.expect(200).body;
            let page = get(&owner, &format!("{PROJECTS}?{query}")).await.expect(200).body;
            assert_eq!(page["data"][0]["attributes"], one["data"]["attributes"], "{query}");
            let mut fields = names(&one["data"]["attributes"]).join(",");
            fields += "|";
            fields += &names(&one["data"]["relationships"]).join(",");
            (fields, one["included"].clone())
        };
        assert_eq!(shown("fields[projects]=").await.0, "|");
        assert_eq!(shown("fields[projects]=name").await.0, "name|");
        assert_eq!(shown("fields[projects]=name,owner").await.0, "name|owner");
        assert_eq!(shown("fields[projects]=owner").await.0, "|owner");
        let (fields, included) = shown("fields[projects]=name&include=owner&fields[users]=").await;
        assert_eq!((fields.as_str(), names(&included[0]["attributes"])), ("name|", vec![]));
        let (_, included) = shown("include=owner&fields[users]=email").await;
        assert_eq!(names(&included[0]["attributes"]), ["email"]);
        get(&owner, &format!("{path}?fields[projects]=nothing")).await.expect(400);
    }

    /// "Sorting": a name sorts in ascending order, and a name after a minus in descending order. A
    /// field that cannot be sorted by is a 400.
    async fn sorting(app) {
        let owner = app.owner().await;
        for name in ["b", "c", "a"] {
            user(&owner, name, None).await;
        }
        let sorted = async |sort: &str| {
            let page = get(&owner, &format!("{USERS}?name:in=a,b,c&sort={sort}")).await.expect(200);
            let data = page.body["data"].as_array().unwrap().clone();
            data.iter().map(|one| one["attributes"]["name"].as_str().unwrap().to_owned()).collect::<String>()
        };
        assert_eq!((sorted("name").await, sorted("-name").await), ("abc".into(), "cba".into()));
        get(&owner, &format!("{USERS}?sort=nothing")).await.expect(400);
    }

    /// "Pagination": the links have the names of the specification, lead to the other pages, and
    /// are null or absent at an end.
    async fn pagination(app) {
        let owner = app.owner().await;
        for _ in 0..3 {
            made(&owner).await;
        }
        let first = get(&owner, &format!("{PROJECTS}?page[limit]=2")).await.expect(200).body;
        assert!(first["links"]["prev"].is_null(), "{}", first["links"]);
        let last = get(&owner, first["links"]["next"].as_str().unwrap()).await.expect(200).body;
        assert!(last["links"]["next"].is_null(), "{}", last["links"]);
        assert_eq!(last["data"].as_array().unwrap().len(), 1);
        for name in names(&first["links"]) {
            assert!(["self", "first", "prev", "next", "last"].contains(&name), "{name}");
        }
        let again = get(&owner, last["links"]["self"].as_str().unwrap()).await.expect(200).body;
        assert_eq!(again["data"], last["data"]);
        // An empty cursor is the beginning of the list.
        let none = get(&owner, &format!("{PROJECTS}?page[cursor]=&page[limit]=2")).await.expect(200);
        assert_eq!(none.body["data"], first["data"]);
    }
}
