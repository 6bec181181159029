/*
 * A segment file as a whole: the input is its front, the rest is zeroes. The reader
 * takes it to its end, gives nothing but what is within bounds, and never fails.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "journal/reader.h"

#define NAME "n00000-w00000-s0000000002.tqj"
#define INPUT_MAX (64U << 10)

static enum err
take_key(void *context, uint32_t period, uint8_t ret_secret[SEAL_KEY_LEN])
{
	(void)context;
	memset(ret_secret, 0x42, SEAL_KEY_LEN);
	return period != 0 ? ERR_NONE : ERR_NOT_FOUND;
}

static enum err
take_entry(void *context, const struct journal_entry *entry)
{
	uint64_t *last = context;

	FUZZ_CHECK(format_check_entry(&entry->disclosure) == ERR_NONE);
	FUZZ_CHECK(entry->cursor.sequence > *last);
	*last = entry->cursor.sequence;
	return ERR_NONE;
}

static void
take_remark(void *context, const struct journal_remark *remark)
{
	(void)context;
	FUZZ_CHECK(remark->words[0] != '\0');
}

/* Mend the sums, so that what stands behind them is looked at. */
static void
mend(uint8_t *front, size_t len)
{
	if (len >= SEGMENT_HEADER_LEN)
		put_u32(front + 128, codec_crc32c(0, front, 128));
	for (size_t at = JOURNAL_BLOCK; at + BATCH_HEADER_LEN <= len; at += JOURNAL_BLOCK) {
		size_t body = BATCH_HEADER_LEN - BATCH_TAG_AT + get_u32(front + at + 40);

		if (body <= len - at - BATCH_TAG_AT)
			put_u32(front + at + 44, codec_crc32c(0, front + at + BATCH_TAG_AT, body));
		put_u32(front + at + 48, codec_crc32c(0, front + at, 48));
	}
}

static void
write_file(const char *path, const uint8_t *data, size_t size)
{
	static uint8_t front[INPUT_MAX];
	size_t len = size < sizeof(front) ? size : sizeof(front);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memcpy(front, data, len);
	if (len > 0 && front[0] == 'T')
		mend(front, len);
	FUZZ_CHECK(fd >= 0 && write(fd, front, len) == (ssize_t)len);
	/* The size that the header gives, unless that is too large to be read often: then the file was cut. */
	if (len >= SEGMENT_HEADER_LEN && get_u32(front + 24) <= JOURNAL_SEGMENT_MIN)
		FUZZ_CHECK(ftruncate(fd, get_u32(front + 24)) == 0);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/tmp/fuzz-journal.XXXXXX", path[128];
	uint64_t last = 0;
	const struct journal_callbacks callbacks = {&last, take_key, take_entry, take_remark};
	struct journal_reader *r;
	size_t n;

	FUZZ_CHECK(mkdtemp(dir) != NULL);
	const char *const dirs[2] = {dir, NULL};
	(void)snprintf(path, sizeof(path), "%s/" NAME, dir);
	write_file(path, data, size);
	FUZZ_CHECK(journal_reader_open(dirs, &callbacks, &r) == ERR_NONE);
	FUZZ_CHECK(journal_reader_poll(r, &n) == ERR_NONE);
	FUZZ_CHECK(journal_reader_poll(r, &n) == ERR_NONE && n == 0);
	journal_reader_free(r);
	(void)unlink(path);
	(void)rmdir(dir);
	return 0;
}
