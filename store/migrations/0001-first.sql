-- Numbers come from here and from nowhere else, so that none is ever given twice.
CREATE TABLE sequences (
	name TEXT PRIMARY KEY,
	next BIGINT NOT NULL
);

CREATE TABLE names (
	kind INTEGER NOT NULL,
	number BIGINT NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (kind, number),
	UNIQUE (kind, name)
);

CREATE TABLE organisations (
	number BIGINT PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	territory BIGINT NOT NULL,
	kind TEXT NOT NULL
);

CREATE TABLE identities (
	number BIGINT PRIMARY KEY,
	provider BIGINT NOT NULL,
	subject TEXT NOT NULL,
	login TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	profile BIGINT NOT NULL,
	territory BIGINT NOT NULL,
	person TEXT NOT NULL,
	organisation BIGINT NOT NULL,
	created_by BIGINT NOT NULL,
	created_us BIGINT NOT NULL,
	suspended_us BIGINT NOT NULL DEFAULT 0,
	suspect_until_us BIGINT NOT NULL DEFAULT 0,
	UNIQUE (provider, subject)
);
CREATE INDEX identities_organisation ON identities (organisation);
CREATE INDEX identities_created_by ON identities (created_by);

CREATE TABLE credentials (
	identity BIGINT PRIMARY KEY,
	argon2 TEXT NOT NULL DEFAULT '',
	password_set_us BIGINT NOT NULL DEFAULT 0,
	totp_secret BLOB,
	totp_counter BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE attempts (
	who TEXT PRIMARY KEY,
	count BIGINT NOT NULL,
	first_us BIGINT NOT NULL,
	newest_us BIGINT NOT NULL
);
CREATE INDEX attempts_newest ON attempts (newest_us);

CREATE TABLE devices (
	hash BLOB NOT NULL,
	identity BIGINT NOT NULL,
	last_us BIGINT NOT NULL,
	PRIMARY KEY (hash, identity)
);
CREATE INDEX devices_identity ON devices (identity, last_us);

CREATE TABLE sessions (
	number BIGINT PRIMARY KEY,
	token_hash BLOB NOT NULL UNIQUE,
	identity BIGINT NOT NULL,
	provider BIGINT NOT NULL,
	amr BIGINT NOT NULL,
	created_us BIGINT NOT NULL,
	last_seen_us BIGINT NOT NULL,
	stepped_up_us BIGINT NOT NULL,
	ends_us BIGINT NOT NULL,
	ended_us BIGINT NOT NULL,
	agent TEXT NOT NULL,
	address TEXT NOT NULL
);
CREATE INDEX sessions_identity ON sessions (identity);
CREATE INDEX sessions_ends ON sessions (ends_us);

CREATE TABLE orders (
	number BIGINT PRIMARY KEY,
	scope TEXT NOT NULL,
	action BIGINT NOT NULL,
	capabilities BIGINT NOT NULL,
	reason TEXT NOT NULL,
	author TEXT NOT NULL,
	approved_by TEXT NOT NULL,
	pending BIGINT NOT NULL,
	given_us BIGINT NOT NULL,
	until_us BIGINT NOT NULL,
	lifted_us BIGINT NOT NULL,
	lifted_by TEXT NOT NULL
);

CREATE TABLE cases (
	number BIGINT PRIMARY KEY,
	scope TEXT NOT NULL,
	title TEXT NOT NULL,
	author TEXT NOT NULL,
	since_us BIGINT NOT NULL,
	until_us BIGINT NOT NULL,
	opened_us BIGINT NOT NULL,
	closed_us BIGINT NOT NULL
);

-- kind: 1 identity, 2 organisation, 3 platform; span: 0 hour, 1 day, 2 month.
CREATE TABLE limits (
	kind INTEGER NOT NULL,
	number BIGINT NOT NULL,
	span INTEGER NOT NULL,
	soft BIGINT NOT NULL DEFAULT 0,
	hard BIGINT NOT NULL DEFAULT 0,
	learned_us BIGINT NOT NULL DEFAULT 0,
	raised_hard BIGINT NOT NULL DEFAULT 0,
	raised_until_us BIGINT NOT NULL DEFAULT 0,
	raised_by TEXT NOT NULL DEFAULT '',
	reason TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (kind, number, span)
);

CREATE TABLE budget_days (
	kind INTEGER NOT NULL,
	number BIGINT NOT NULL,
	day BIGINT NOT NULL,
	persons_hour BIGINT NOT NULL,
	persons_day BIGINT NOT NULL,
	persons_month BIGINT NOT NULL,
	stopped BIGINT NOT NULL,
	PRIMARY KEY (kind, number, day)
);
CREATE INDEX budget_days_day ON budget_days (day);
