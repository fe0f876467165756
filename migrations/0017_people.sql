-- A member is a person in one tenant. The same person may be a member of several tenants, each time
-- under another id. A member without a person cannot sign in; an invitation may change that.
ALTER TABLE members ADD COLUMN person_id TEXT;
ALTER TABLE members ADD COLUMN has_account BIGINT NOT NULL DEFAULT 0;
UPDATE members SET person_id = id, has_account = 1
WHERE EXISTS (SELECT 1 FROM users WHERE users.id = members.id);

DROP INDEX members_by_person;
CREATE INDEX members_by_person ON members (person_id, created_at) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX members_person ON members (tenant_id, person_id)
WHERE person_id IS NOT NULL AND deleted_at IS NULL;

-- The member for whom a refresh token gets tokens. `user_id` is the person.
ALTER TABLE refresh_tokens ADD COLUMN member_id TEXT NOT NULL DEFAULT '';
UPDATE refresh_tokens SET member_id = user_id;

-- From where a person got a refresh token: what the program says of itself, and its network. So the
-- person recognises their logins.
ALTER TABLE refresh_tokens ADD COLUMN device TEXT;
ALTER TABLE refresh_tokens ADD COLUMN network TEXT;

CREATE INDEX refresh_tokens_by_person ON refresh_tokens (user_id) WHERE revoked_at IS NULL;
