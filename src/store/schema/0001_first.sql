-- Times are whole microseconds since 1970 (…_us) or whole seconds (second, period_start), in UTC.
-- {id}, {real}, {bytes}, {small} and {sample_options} stand for what SQLite and PostgreSQL call differently.

CREATE TABLE place (
    id {id},
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    camera TEXT,
    name TEXT NOT NULL,
    first_us BIGINT NOT NULL
);

CREATE TABLE measure (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE progress (
    name TEXT PRIMARY KEY,
    second BIGINT NOT NULL
);

CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    measure TEXT NOT NULL,
    source TEXT NOT NULL,
    config TEXT,
    drill BIGINT NOT NULL,
    state TEXT NOT NULL,
    level TEXT,
    highest TEXT,
    stale BIGINT NOT NULL,
    since_us BIGINT NOT NULL,
    changed_us BIGINT NOT NULL,
    closed_us BIGINT,
    acknowledged_us BIGINT,
    acknowledged_by TEXT,
    shelved_us BIGINT,
    shelved_until_us BIGINT,
    shelved_by TEXT,
    shelved_reason TEXT
);
CREATE INDEX alert_since ON alert (since_us);
CREATE INDEX alert_open ON alert (since_us) WHERE closed_us IS NULL;
CREATE INDEX alert_closed ON alert (closed_us);

CREATE TABLE alert_transition (
    alert TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    kind TEXT NOT NULL,
    from_level TEXT,
    to_level TEXT,
    value {real},
    quality BIGINT NOT NULL,
    threshold {real},
    who TEXT,
    note TEXT,
    subject TEXT NOT NULL,
    PRIMARY KEY (alert, seq),
    UNIQUE (alert, at_us, kind, subject)
);
CREATE INDEX alert_transition_at ON alert_transition (at_us);

CREATE TABLE alert_action (
    id {id},
    alert TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    at_us BIGINT NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    subject TEXT NOT NULL,
    note TEXT NOT NULL,
    until_us BIGINT,
    UNIQUE (alert, at_us, kind, who, subject)
);

CREATE TABLE plan_step (
    alert TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    position BIGINT NOT NULL,
    state TEXT NOT NULL,
    who TEXT,
    at_us BIGINT NOT NULL,
    note TEXT,
    PRIMARY KEY (alert, step)
);

CREATE TABLE rule_state (
    rule TEXT PRIMARY KEY,
    at_us BIGINT NOT NULL,
    state TEXT NOT NULL
);

CREATE TABLE outbox (
    id {id},
    sink TEXT NOT NULL,
    stream TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_us BIGINT NOT NULL,
    last_error TEXT,
    settled_us BIGINT,
    UNIQUE (sink, key)
);
CREATE INDEX outbox_due ON outbox (sink, next_us, id) WHERE state = 'pending';
CREATE INDEX outbox_order ON outbox (sink, stream, id) WHERE state = 'pending';
CREATE INDEX outbox_stream ON outbox (stream, id);
CREATE INDEX outbox_settled ON outbox (settled_us);

CREATE TABLE sample (
    second BIGINT NOT NULL,
    place INTEGER NOT NULL,
    offset_us INTEGER NOT NULL,
    occupancy {real},
    occupancy_quality {small},
    density_per_m2 {real},
    density_quality {small},
    readings {bytes} NOT NULL,
    PRIMARY KEY (second, place)
) {sample_options};

CREATE TABLE sample_hour (
    place BIGINT NOT NULL,
    measure BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    series {bytes} NOT NULL,
    PRIMARY KEY (place, measure, period_start)
);
CREATE INDEX sample_hour_start ON sample_hour (period_start);

CREATE TABLE rollup (
    period_s BIGINT NOT NULL,
    period_start BIGINT NOT NULL,
    place BIGINT NOT NULL,
    measure BIGINT NOT NULL,
    min {real},
    mean {real},
    max {real},
    last {real},
    seconds_known BIGINT NOT NULL,
    seconds_bound BIGINT NOT NULL,
    seconds_unknown BIGINT NOT NULL,
    PRIMARY KEY (place, measure, period_s, period_start)
);
CREATE INDEX rollup_start ON rollup (period_s, period_start);

CREATE TABLE crossing (
    at_us BIGINT NOT NULL,
    place BIGINT NOT NULL,
    track BIGINT NOT NULL,
    direction TEXT NOT NULL,
    class TEXT NOT NULL,
    PRIMARY KEY (place, at_us, track, direction)
);
CREATE INDEX crossing_at ON crossing (at_us);

CREATE TABLE camera_health (
    camera TEXT NOT NULL,
    since_us BIGINT NOT NULL,
    until_us BIGINT,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (camera, since_us)
);
CREATE INDEX camera_health_until ON camera_health (until_us);

CREATE TABLE config_version (
    id {id},
    hash TEXT NOT NULL,
    text TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX config_version_hash ON config_version (hash);

CREATE TABLE evidence (
    id {id},
    alert TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
);
CREATE INDEX evidence_alert ON evidence (alert, id);

CREATE VIEW sample_readable AS
SELECT {second_as_text} AS time, place.key AS place,
    sample.occupancy, {quality_of_occupancy} AS occupancy_quality,
    sample.density_per_m2, {quality_of_density} AS density_quality
FROM sample JOIN place ON place.id = sample.place;

CREATE VIEW rollup_readable AS
SELECT {period_as_text} AS time, rollup.period_s, place.key AS place, measure.name AS measure,
    rollup.min, rollup.mean, rollup.max, rollup.last,
    rollup.seconds_known, rollup.seconds_bound, rollup.seconds_unknown
FROM rollup JOIN place ON place.id = rollup.place JOIN measure ON measure.id = rollup.measure;
