//! POST /api/v1/projects/{id}/complete

use super::{PATH, create, events, operate};

logic! {
    /// Active and paused projects can be completed, and archived ones cannot.
    async fn completes(app) {
        let owner = app.owner().await;
        for (before, status) in [(None, 200), (Some("pause"), 200), (Some("archive"), 409)] {
            let made = create(&owner, "a").await;
            if let Some(before) = before {
                operate(&owner, made.id(), before).await.expect(200);
            }
            let known = owner.get(&format!("{PATH}/{}", made.id())).await.body;
            let told = events(&owner, "project.completed").await;
            operate(&owner, made.id(), "complete").await.expect(status);
            let now = owner.get(&format!("{PATH}/{}", made.id())).await.body;
            assert_eq!(now["status"] == "COMPLETED", status == 200);
            assert_eq!(now == known, status == 409);
            assert_eq!(events(&owner, "project.completed").await, told + usize::from(status == 200));
        }
    }
}
