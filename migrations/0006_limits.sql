-- Quotas that the operator has set (K-47): for a plan, a tenant, or one user, client or key.
-- They belong to no tenant. Only the operator reads or writes them.
CREATE TABLE limit_overrides (
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    class TEXT NOT NULL,
    per_minute BIGINT NOT NULL,
    burst BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (scope, subject, class)
);

-- How far the deletion by age has come. It advances in bounded steps, so that a clock that is wrong
-- for a while does not delete what is not old.
CREATE TABLE clocks (
    name TEXT NOT NULL PRIMARY KEY,
    moment BIGINT NOT NULL
);
