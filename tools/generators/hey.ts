// The walk of the README with @hey-api/openapi-ts.
import { createClient } from './hey/client/index.js';
import { archiveProject, createProject, listEvents, listProjects, register } from './hey/index.js';
import type { Project } from './hey/index.js';
import { equal, finished, origin, person, present } from './walk.js';

const anonymous = createClient({ baseUrl: `${origin}/api/v1` });
const registered = await register({ client: anonymous, body: person('hey') });
const token: string = present(registered.data).access_token;

const client = createClient({ baseUrl: `${origin}/api/v1`, auth: () => token });
const body = { name: 'Site A' };
const headers = { 'Idempotency-Key': 'walk-1' };
const created = await createProject({ client, headers, body });
const project: Project = present(created.data);
equal(created.response?.status, 201);
const again = await createProject({ client, headers, body });
equal([again.response?.headers.get('idempotent-replayed'), again.data?.id], ['true', project.id]);

const page = present((await listProjects({ client, query: { limit: 10 } })).data);
equal(page.items.map((item) => item.id), [project.id]);
const first: string = page.items[0]?.name ?? '';
equal([first, page.next_cursor], ['Site A', null]);

const path = { id: project.id };
const tag = { 'If-Match': present(created.response?.headers.get('etag')) };
const archived = await archiveProject({ client, path, headers: tag });
equal(present(archived.data).status satisfies Project['status'], 'ARCHIVED');
const late = await archiveProject({ client, path, headers: tag });
equal([late.response?.status, late.error?.error], [412, 'precondition_failed']);

const wrong = await createProject({ client, body: { name: '' } });
equal([wrong.response?.status, wrong.error?.details.fields?.map((field) => field.code)], [422, ['TOO_SHORT']]);

const events = present((await listEvents({ client })).data);
equal(events.items.filter((event) => event.type === 'project.archived').length, 1);
finished('hey-api');
