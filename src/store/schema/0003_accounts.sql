-- Who may use the service: users, where they are logged in, what programs call it with. No password and no token is
-- kept here, only hashes. Users are never deleted, as the audit names them.

CREATE TABLE user_account (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    created_us BIGINT NOT NULL
);

CREATE TABLE user_session (
    id {id},
    token_sha256 TEXT NOT NULL UNIQUE,
    user_name TEXT NOT NULL REFERENCES user_account (name),
    created_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX user_session_user ON user_session (user_name);

CREATE TABLE api_token (
    id {id},
    token_sha256 TEXT NOT NULL UNIQUE,
    user_name TEXT NOT NULL REFERENCES user_account (name),
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    UNIQUE (user_name, name)
);

CREATE TABLE setup_link (
    token_sha256 TEXT PRIMARY KEY,
    expires_us BIGINT NOT NULL
);
