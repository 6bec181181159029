/*
 * verify: hold a ledger's files against its public key, offline.
 *
 * From the entry bundles alone every tile and the root are computed again and
 * compared byte by byte with the files and with the signed checkpoint. Then
 * the entries are parsed, their sequences must increase per writer, and every
 * other file below tile/ must agree with what was computed. Nothing that a
 * file says about sizes is trusted: a missing file ends the walk.
 *
 * With an older checkpoint (`since`), kept elsewhere, a log that was rolled
 * back, cut or forked after it is found too. Without one, nobody can tell a
 * log rolled back as a whole, by someone who kept the old signed checkpoint,
 * from a log that never went further.
 *
 * Blocks on the disk; needs about 20 MB. No keys but the public one.
 */
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/tiles.h"

#define LEDGER_FINDINGS_MAX 256
#define LEDGER_STATEMENTS_MAX 1024
#define LEDGER_NO_INDEX UINT64_MAX

enum ledger_severity {
	LEDGER_REMARKED = 0, /* worth knowing; the log is whole */
	LEDGER_BROKEN,       /* the log is not what was signed, or not what was seen before */
	LEDGER_SEVERITY_MAX
};

struct ledger_finding {
	enum ledger_severity severity;
	uint64_t index;           /* of the first entry concerned, or LEDGER_NO_INDEX */
	char file[TILE_PATH_MAX]; /* inside the ledger's directory; "" where none is meant */
	char words[160];
};

/* A retention or gap statement, as it stands in the log. */
struct ledger_statement {
	uint64_t index;
	uint64_t at_us;
	enum ledger_kind kind; /* LEDGER_RETENTION or LEDGER_GAP */
	union {
		struct {
			enum ledger_retention_event event;
			uint32_t period;
		} retention;
		struct {
			struct ledger_source from;
			uint64_t to_sequence;
		} gap;
	};
	char words[128]; /* cut where longer */
};

struct ledger_report {
	bool whole;                   /* no LEDGER_BROKEN finding: say yes only on this */
	struct checkpoint checkpoint; /* as signed; size 0 and empty origin where it is not valid */
	struct checkpoint since;
	bool since_given;
	uint64_t entries_checked;
	uint64_t tiles_checked;
	uint64_t by_kind[LEDGER_KIND_MAX];
	uint32_t writers;             /* of journals, seen */
	uint64_t sequences_unstated;  /* skipped between entries of a writer, and not covered by a gap statement */
	uint64_t first_us;
	uint64_t last_us;
	size_t n_findings; /* counts on past LEDGER_FINDINGS_MAX; that many are kept */
	struct ledger_finding findings[LEDGER_FINDINGS_MAX];
	size_t n_statements; /* likewise */
	struct ledger_statement statements[LEDGER_STATEMENTS_MAX];
};

/* Told after each bundle; false stops the check with ERR_EXPIRED. */
struct ledger_progress {
	bool (*told)(void *context, uint64_t done, uint64_t size);
	void *context;
};

/*
 * `verifier_key` is the key's text (see ledger/note.h). `since` is the text of
 * an older signed checkpoint or NULL; `progress` may be NULL. ERR_NONE means
 * that the check was carried out and `ret_report` holds what it found, good
 * or bad; errors are those of the checker itself (no memory, an unusable key:
 * ERR_FORMAT, no directory: ERR_NOT_FOUND). The report is large: allocate it.
 */
MUST_CHECK enum err ledger_verify(const char *dir, const char *verifier_key, const struct ledger_text *since,
    const struct ledger_progress *progress, struct ledger_report *ret_report);

#endif
