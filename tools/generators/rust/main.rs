//! The walkthrough of the README, with the client that openapi-to-rust generates.

#[allow(warnings)]
#[rustfmt::skip]
mod generated;

use generated::{
    ErrorCode, EventType, HttpClient, ListProjectsResponseItemsItemUnion as Item, ProjectPatch,
    ProjectStatus, ProjectWrite, Registration,
};

const NONE: Option<&str> = None;

type Failed = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let base = format!("{}/api/v1", std::env::args().nth(1).ok_or("no address")?);
    let anonymous = HttpClient::new().with_base_url(&base);
    let person = Registration::new(
        "rust@example.com".to_owned(),
        "correct horse battery staple".to_owned(),
        "Example Energy".to_owned(),
    );
    let session = anonymous.register(NONE, NONE, NONE, NONE, person).await?;

    let client = HttpClient::new().with_base_url(&base).with_api_key(session.access_token);
    let site = || ProjectWrite { name: Some("Site A".to_owned()), ..ProjectWrite::default() };
    let key = Some("walk-1");
    let project = client.create_project(NONE, NONE, NONE, key, site()).await?;
    let again = client.create_project(NONE, NONE, NONE, key, site()).await?;
    assert_eq!((&again.id, again.version), (&project.id, 1), "the same one, made once");

    let page = projects(&client, Some(10)).await?;
    let [Item::Project(first)] = page.as_slice() else { panic!("{page:?}") };
    assert_eq!((&first.id, first.name.as_str()), (&project.id, "Site A"));

    // The client shows headers only of errors, so the test builds the tag from the version.
    let tag = Some("\"v1-native\"");
    let patch = ProjectPatch { name: Some("Site B".to_owned()), ..ProjectPatch::default() };
    let id = &project.id;
    let renamed = client
        .update_project(id, NONE, NONE, NONE, tag, NONE, NONE, NONE, patch.clone())
        .await?;
    assert_eq!((renamed.name.as_str(), renamed.version), ("Site B", 2));
    let late = client.update_project(id, NONE, NONE, NONE, tag, NONE, NONE, NONE, patch).await;
    let late = late.expect_err("somebody was faster");
    assert_eq!(late.api().ok_or("no answer")?.status, 412);

    let tag = Some("\"v2-native\"");
    let archived = client.archive_project(id, NONE, NONE, NONE, tag, NONE, NONE, NONE).await?;
    assert_eq!(archived.status, ProjectStatus::Archived);

    let nameless = ProjectWrite { name: Some(String::new()), ..ProjectWrite::default() };
    let wrong = client.create_project(NONE, NONE, NONE, NONE, nameless).await;
    let wrong = wrong.expect_err("a name has characters");
    let wrong = wrong.api().ok_or("no answer")?;
    let error: generated::Error = serde_json::from_slice(&wrong.raw_body)?;
    assert_eq!((wrong.status, &error.error), (422, &ErrorCode::ValidationFailed));
    let codes = error.details.fields.iter().flatten().map(|field| field.code.as_str());
    assert_eq!(codes.collect::<Vec<_>>(), ["TOO_SHORT"]);

    client.delete_project(id, NONE, NONE, NONE, NONE, NONE, NONE, NONE).await?;
    assert!(projects(&client, None).await?.is_empty());
    let (no, all) = (None, None);
    let events = client
        .list_events(NONE, no, all, NONE, None, NONE, NONE, NONE, NONE, NONE, NONE, NONE)
        .await?;
    let archived = |event: &&generated::Event| event.r#type == EventType::ProjectArchived;
    assert_eq!(events.items.iter().filter(archived).count(), 1);
    println!("ok  openapi-to-rust");
    Ok(())
}

/// A page of projects. Every parameter except the page length has its default.
async fn projects(client: &HttpClient, limit: Option<i64>) -> Result<Vec<Item>, Failed> {
    let (offset, page, per_page, status) = (None, None, None, None);
    let found = client
        .list_projects(
            NONE, NONE, NONE, limit, offset, page, per_page, NONE, NONE, NONE, NONE, NONE, NONE,
            status, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
        )
        .await?;
    Ok(found.items)
}
