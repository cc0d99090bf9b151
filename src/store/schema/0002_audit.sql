-- What people did that is not part of one alert's history. Never changed, never cleared away: it is little.
CREATE TABLE audit (
    id {id},
    at_us BIGINT NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (at_us, who, kind, subject)
);
