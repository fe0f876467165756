//! Projects: the sample of a tenant-scoped resource.

mod contract {
    #![allow(missing_docs, unreachable_pub)]
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

use contract::Op;
use kit::{Call, Code, Cursor, Error, Event, Page, Reply, Row, Scope, Value, problem};
use serde::{Deserialize, Serialize};

kit::function!(Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::ListProjects => list(&call),
        Op::CreateProject => create(&call),
        Op::GetProject => get(&call),
        Op::ReplaceProject => replace(&call),
        Op::UpdateProject => update(&call),
        Op::DeleteProject => delete(&call),
    }
}

const COLUMNS: &str =
    "id, tenant_id, owner_id, name, description, status, version, created_at, updated_at";

/// A project as clients see it. `title` repeats `name` (K-43).
#[derive(Serialize)]
struct Project {
    id: String,
    tenant_id: String,
    owner_id: String,
    name: String,
    title: String,
    description: Option<String>,
    status: String,
    version: i64,
    created_at: String,
    updated_at: String,
}

impl From<Row> for Project {
    fn from(mut row: Row) -> Self {
        let (id, tenant_id, owner_id, name) = (row.text(), row.text(), row.text(), row.text());
        Self {
            id,
            tenant_id,
            owner_id,
            title: name.clone(),
            name,
            description: row.optional_text(),
            status: row.text(),
            version: row.integer(),
            created_at: kit::rfc3339(row.integer()),
            updated_at: kit::rfc3339(row.integer()),
        }
    }
}

/// What a client may write. In a merge patch an absent member keeps its value.
#[derive(Deserialize)]
struct Draft {
    name: Option<String>,
    title: Option<String>,
    tenant_id: Option<String>,
    description: Option<String>,
}

impl Draft {
    /// The draft in the body, for the caller's tenant.
    fn of(call: &Call) -> kit::Result<Self> {
        let draft: Self = call.json()?;
        call.check_tenant(draft.tenant_id.as_deref())?;
        Ok(draft)
    }

    /// `name` or its synonym; `None` when neither is given.
    fn name(&mut self) -> kit::Result<Option<String>> {
        match (self.name.take(), self.title.take()) {
            (Some(name), Some(title)) if name != title => Err(Error::violation(
                "/title",
                "CONFLICTING_SYNONYM",
                "`title` is a synonym of `name`: give one of them, or both with one value.",
            )),
            (name, title) => Ok(name.or(title)),
        }
    }

    fn required_name(&mut self) -> kit::Result<String> {
        let missing = || Error::violation("/name", "REQUIRED", "A project needs a `name`.");
        self.name()?.ok_or_else(missing)
    }
}

fn list(call: &Call) -> kit::Result {
    let cursor = Cursor::of(call, "projects")?;
    let after = cursor.after.clone().unwrap_or_default();
    call.read(|scope| {
        let sql = format!(
            "SELECT {COLUMNS} FROM projects \
             WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 ORDER BY id LIMIT $3"
        );
        // One more than asked for tells whether another page follows.
        let rows = scope.query(&sql, [Value::Text(after), integer(cursor.limit + 1)])?;
        let more = rows.len() > cursor.limit;
        let items: Vec<Project> = rows.into_iter().take(cursor.limit).map(Project::from).collect();
        let last = items.last().filter(|_| more);
        Reply::ok(&Page { next_cursor: last.map(|last| cursor.next(&last.id)), items })
    })
}

fn create(call: &Call) -> kit::Result {
    let mut draft = Draft::of(call)?;
    let name = draft.required_name()?;
    let now = kit::now();
    let project = Project {
        id: kit::id("prj"),
        tenant_id: call.caller()?.tenant.clone(),
        owner_id: call.caller()?.id().to_owned(),
        title: name.clone(),
        name,
        description: draft.description,
        status: "ACTIVE".to_owned(),
        version: 1,
        created_at: kit::rfc3339(now),
        updated_at: kit::rfc3339(now),
    };
    call.write(|scope| {
        scope.execute_one(
            "INSERT INTO projects \
             (tenant_id, id, owner_id, name, description, status, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)",
            [
                text(&project.id),
                text(&project.owner_id),
                text(&project.name),
                nullable(project.description.as_deref()),
                text(&project.status),
                Value::Integer(now),
            ],
        )?;
        emit(scope, "project.created", &project)?;
        let location = format!("/api/v1/projects/{}", project.id);
        Ok(Reply::created(Some(location), &project)?.header("etag", etag(&project)))
    })
}

fn get(call: &Call) -> kit::Result {
    let project = call.read(|scope| find(scope, call.path("id")))?;
    Ok(Reply::ok(&project)?
        .header("etag", etag(&project))
        .header("cache-control", "private, max-age=300"))
}

fn replace(call: &Call) -> kit::Result {
    let mut draft = Draft::of(call)?;
    let name = draft.required_name()?;
    change(call, |project| {
        project.name = name;
        project.description = draft.description;
    })
}

/// JSON Merge Patch (RFC 7396): an absent member is kept, null clears it.
fn update(call: &Call) -> kit::Result {
    let mut draft = Draft::of(call)?;
    let name = draft.name()?;
    let clears = call.document().get("description").is_some();
    change(call, |project| {
        if let Some(name) = name {
            project.name = name;
        }
        if clears {
            project.description = draft.description;
        }
    })
}

fn delete(call: &Call) -> kit::Result {
    call.write(|scope| {
        let project = match find(scope, call.path("id")) {
            Ok(project) => project,
            // Deleting what is deleted changes nothing and is no error (K-57).
            Err(error) if error.code == Code::ResourceGone => return Ok(Reply::no_content()),
            Err(error) => return Err(error),
        };
        scope.execute_one(
            "UPDATE projects SET deleted_at = $2, updated_at = $2, version = version + 1 \
             WHERE tenant_id = $1 AND id = $3",
            [Value::Integer(kit::now()), text(&project.id)],
        )?;
        emit(scope, "project.deleted", &project)?;
        Ok(Reply::no_content())
    })
}

/// The project with this id: 404 in any other tenant, 410 after it was deleted.
fn find(scope: &Scope<'_>, id: &str) -> kit::Result<Project> {
    let sql =
        format!("SELECT deleted_at, {COLUMNS} FROM projects WHERE tenant_id = $1 AND id = $2");
    let row = scope.query(&sql, [text(id)])?.into_iter().next();
    let mut row = row.ok_or_else(|| Error::not_found("project", id))?;
    match row.optional_integer() {
        Some(_) => Err(problem(Code::ResourceGone, "This project was deleted.")),
        None => Ok(Project::from(row)),
    }
}

fn change(call: &Call, edit: impl FnOnce(&mut Project)) -> kit::Result {
    call.write(|scope| {
        let mut project = find(scope, call.path("id"))?;
        edit(&mut project);
        let now = kit::now();
        project.title.clone_from(&project.name);
        project.version += 1;
        project.updated_at = kit::rfc3339(now);
        scope.execute_one(
            "UPDATE projects SET name = $2, description = $3, version = $4, updated_at = $5 \
             WHERE tenant_id = $1 AND id = $6",
            [
                text(&project.name),
                nullable(project.description.as_deref()),
                Value::Integer(project.version),
                Value::Integer(now),
                text(&project.id),
            ],
        )?;
        emit(scope, "project.updated", &project)?;
        Ok(Reply::ok(&project)?.header("etag", etag(&project)))
    })
}

fn emit(scope: &Scope<'_>, kind: &'static str, project: &Project) -> kit::Result<()> {
    let data = serde_json::to_value(project).map_err(Error::internal)?;
    scope.emit(Event { kind, subject: &project.id, source_agent: "projects", data })
}

/// A strong validator from the row's version (RFC 9110 section 8.8.3).
fn etag(project: &Project) -> String {
    format!("\"v{}\"", project.version)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn nullable(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn integer(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
