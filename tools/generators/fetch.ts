// The walk of the README with openapi-typescript and openapi-fetch.
import createClient from 'openapi-fetch';
import type { components, paths } from './fetch/schema.js';
import { equal, finished, origin, person, present } from './walk.js';

type Project = components['schemas']['Project'];

const base = { baseUrl: `${origin}/api/v1` };
const registered = await createClient<paths>(base).POST('/auth/register', { body: person('fetch') });
const token: string = present(registered.data).access_token;

const client = createClient<paths>({ ...base, headers: { Authorization: `Bearer ${token}` } });
const body = { name: 'Site A' };
const header = { 'Idempotency-Key': 'walk-1' };
const created = await client.POST('/projects', { params: { header }, body });
const project: Project = present(created.data);
equal(created.response.status, 201);
const again = await client.POST('/projects', { params: { header }, body });
equal([again.response.headers.get('idempotent-replayed'), again.data?.id], ['true', project.id]);

const page = present((await client.GET('/projects', { params: { query: { limit: 10 } } })).data);
equal(page.items.map((item) => item.id), [project.id]);
const first: string = page.items[0]?.name ?? '';
equal([first, page.next_cursor], ['Site A', null]);
const numbered = await client.GET('/projects', { params: { query: { page: 1, per_page: 10 } } });
equal(numbered.response.headers.get('x-total-count'), '1');

const path = { id: project.id };
const tag = { 'If-Match': present(created.response.headers.get('etag')) };
const archived = await client.POST('/projects/{id}/archive', { params: { path, header: tag } });
equal(present(archived.data).status satisfies Project['status'], 'ARCHIVED');
const late = await client.POST('/projects/{id}/archive', { params: { path, header: tag } });
equal([late.response.status, late.error?.error], [412, 'precondition_failed']);

const wrong = await client.POST('/projects', { body: { name: '' } });
equal([wrong.response.status, wrong.error?.details.fields?.map((field) => field.code)], [422, ['TOO_SHORT']]);

const events = present((await client.GET('/events')).data);
equal(events.items.filter((event) => event.type === 'project.archived').length, 1);
finished('openapi-typescript, openapi-fetch');
