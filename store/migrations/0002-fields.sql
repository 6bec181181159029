-- Names of the fields of meters: `place` is the bit in the masks of journal, ledger and index.
CREATE TABLE meter_fields (
	meter BIGINT NOT NULL,
	place INTEGER NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (meter, place)
);
