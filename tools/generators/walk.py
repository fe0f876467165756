"""The walk of the README with the client that openapi-python-client makes."""

import sys

from tenantry_client import AuthenticatedClient, Client
from tenantry_client.api.auth import register
from tenantry_client.api.events import list_events
from tenantry_client.api.projects import archive_project, create_project, list_projects
from tenantry_client.models import Error, Project, ProjectWrite, Registration, Session

base = f"{sys.argv[1]}/api/v1"
person = Registration(email="python@example.com", password="correct horse battery staple", tenant_name="Example Energy")
session = register.sync(client=Client(base_url=base), body=person)
assert isinstance(session, Session), session

client = AuthenticatedClient(base_url=base, token=session.access_token)
site = ProjectWrite(name="Site A")
made = create_project.sync_detailed(client=client, body=site, idempotency_key="walk-1")
project = made.parsed
assert made.status_code == 201 and isinstance(project, Project), made
again = create_project.sync_detailed(client=client, body=site, idempotency_key="walk-1")
assert (again.headers["idempotent-replayed"], again.parsed.id) == ("true", project.id), again

# Every parameter is left at its default.
page = list_projects.sync(client=client)
assert [item.id for item in page.items] == [project.id] and page.next_cursor is None, page
assert page.items[0].name == "Site A", page

tag = made.headers["etag"]
archived = archive_project.sync(project.id, client=client, if_match=tag)
assert isinstance(archived, Project) and archived.status == "ARCHIVED", archived
late = archive_project.sync_detailed(project.id, client=client, if_match=tag)
assert late.status_code == 412 and isinstance(late.parsed, Error), late
assert late.parsed.error == "precondition_failed", late

wrong = create_project.sync_detailed(client=client, body=ProjectWrite(name=""))
assert wrong.status_code == 422, wrong
assert [field.code for field in wrong.parsed.details.fields] == ["TOO_SHORT"], wrong

events = list_events.sync(client=client)
assert sum(event.type_ == "project.archived" for event in events.items) == 1, events
print("ok  openapi-python-client")
