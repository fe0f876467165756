//! Projects: the example of a resource of a tenant. The contract declares it
//! (`openapi/projects.yaml`), and the kit serves it.

mod contract;

use contract::{Op, PROJECTS, project};
use kit::{Action, Call, Change, Code, Error};

kit::function!(Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::ListProjects => PROJECTS.list(&call),
        Op::CreateProject => PROJECTS.create(&call, rule),
        Op::GetProject => PROJECTS.read(&call),
        Op::GetProjectOwner => PROJECTS.related(&call),
        Op::ReplaceProject => PROJECTS.replace(&call, rule),
        Op::UpdateProject => PROJECTS.merge(&call, rule),
        Op::DeleteProject => PROJECTS.delete(&call, rule),
        Op::ActivateProject | Op::PauseProject | Op::CompleteProject | Op::ArchiveProject => {
            PROJECTS.operate(&call, rule)
        }
        Op::BulkProjects => PROJECTS.bulk(&call, rule),
    }
}

/// An archived project cannot be changed (A-26: the phase decides which operations are allowed).
fn rule(change: Change<'_>) -> kit::Result<()> {
    if change.action == Action::Write
        && let Some(before) = change.before
        && before.get(project::STATUS)? == "ARCHIVED"
    {
        return Err(Error::new(Code::Conflict, "The project is archived; activate it first."));
    }
    Ok(())
}
