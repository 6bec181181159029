/* tail: frames of the unsealed log. Blocks on the disk; one thread. */
#include "index/tail.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "index/io.h"

#define FRAME_MAGIC 0x4c465154U
#define HEADER_LEN 32
#define FRAME_LEN 32
/* A log is sealed long before; larger is no log of ours. */
#define TAIL_MAX (8ULL << 30)

static const uint8_t magic[8] = {'T', 'Q', 'T', 'A', 'I', 'L', '0', '1'};

void
tail_name(uint64_t sequence, char ret_name[TAIL_NAME_LEN])
{
	(void)snprintf(ret_name, TAIL_NAME_LEN, "tail-%08" PRIu64, sequence);
}

enum err
tail_create(struct tail *tail, int dir_fd, uint64_t sequence, uint64_t next_entry)
{
	uint8_t header[HEADER_LEN] = {0};
	char name[TAIL_NAME_LEN];

	*tail = (struct tail){.fd = -1, .sequence = sequence, .next_entry = next_entry, .end = HEADER_LEN};
	memcpy(header, magic, 8);
	put_u64(header + 8, sequence);
	put_u64(header + 16, next_entry);
	put_u32(header + 28, codec_crc32c(0, header, 28));
	tail_name(sequence, name);
	tail->fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (tail->fd < 0)
		return io_error();
	enum err err = io_write(tail->fd, 0, header, sizeof(header));
	if (err == ERR_NONE && fsync(tail->fd) != 0)
		err = io_error();
	if (err != ERR_NONE)
		tail_close(tail);
	return err;
}

static enum err
take_header(struct tail *tail, const struct bytes *file)
{
	const uint8_t *header = file->data;

	if (file->len < HEADER_LEN || memcmp(header, magic, 8) != 0
	    || get_u64(header + 8) != tail->sequence
	    || get_u32(header + 28) != codec_crc32c(0, header, 28))
		return ERR_CORRUPT;
	tail->next_entry = get_u64(header + 16);
	tail->end = HEADER_LEN;
	return ERR_NONE;
}

/* Whether a whole and unchanged frame lies at `offset`. */
static bool
frame_at(const struct bytes *file, uint64_t offset)
{
	const uint8_t *frame = file->data + offset;

	if (file->len - offset < FRAME_LEN || get_u32(frame) != FRAME_MAGIC
	    || get_u64(frame + 16) != offset || get_u32(frame + 28) != codec_crc32c(0, frame, 28))
		return false;
	uint32_t len = get_u32(frame + 4);
	return len <= file->len - offset - FRAME_LEN
	    && get_u32(frame + 24) == codec_crc32c(0, frame + FRAME_LEN, len);
}

static bool
frame_after(const struct bytes *file, uint64_t offset)
{
	for (uint64_t i = offset; i < file->len; i++)
		if (frame_at(file, i))
			return true;
	return false;
}

static enum err
take_frames(struct tail *tail, const struct bytes *file, const struct tail_sink *sink)
{
	while (tail->end < file->len && frame_at(file, tail->end)) {
		const uint8_t *frame = file->data + tail->end;
		uint32_t len = get_u32(frame + 4);
		enum err err = ERR_CORRUPT;

		if (get_u64(frame + 8) >= tail->next_entry)
			err = sink->frame(sink->context, frame + FRAME_LEN, len);
		if (err != ERR_NONE)
			return err;
		tail->next_entry = get_u64(frame + 8);
		tail->end += FRAME_LEN + (uint64_t)len;
	}
	return frame_after(file, tail->end) ? ERR_CORRUPT : ERR_NONE;
}

static enum err
load(struct tail *tail, struct bytes *file, const struct tail_sink *sink)
{
	uint64_t size;
	enum err err = io_size(tail->fd, &size);

	if (err == ERR_NONE && size > TAIL_MAX)
		err = ERR_CORRUPT;
	if (err == ERR_NONE)
		err = bytes_reserve(file, (size_t)size);
	if (err == ERR_NONE)
		err = io_read(tail->fd, 0, file->data, (size_t)size);
	if (err != ERR_NONE)
		return err;
	file->len = (size_t)size;
	err = take_header(tail, file);
	if (err == ERR_NONE)
		err = take_frames(tail, file, sink);
	return err;
}

enum err
tail_open(struct tail *tail, int dir_fd, uint64_t sequence, bool read_only,
    const struct tail_sink *sink, const char **why)
{
	char name[TAIL_NAME_LEN];
	struct bytes file;

	*tail = (struct tail){.fd = -1, .sequence = sequence};
	tail_name(sequence, name);
	tail->fd = openat(dir_fd, name, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
	if (tail->fd < 0) {
		enum err err = io_error();

		return err != ERR_NOT_FOUND ? err
		    : because(ERR_CORRUPT, why, "the log of the index is missing: rebuild the index");
	}
	bytes_init(&file, TAIL_MAX);
	enum err err = load(tail, &file, sink);
	bytes_wipe(&file);
	if (err == ERR_NONE && !read_only && ftruncate(tail->fd, (off_t)tail->end) != 0)
		err = io_error();
	if (err != ERR_NONE)
		tail_close(tail);
	if (err == ERR_CORRUPT)
		return because(err, why, "the log of the index was changed: rebuild the index");
	return err;
}

enum err
tail_append(struct tail *tail, uint64_t next_entry, const struct bytes *content)
{
	uint8_t frame[FRAME_LEN];

	if (content->len > UINT32_MAX)
		return ERR_RANGE;
	put_u32(frame, FRAME_MAGIC);
	put_u32(frame + 4, (uint32_t)content->len);
	put_u64(frame + 8, next_entry);
	put_u64(frame + 16, tail->end);
	put_u32(frame + 24, codec_crc32c(0, content->data, content->len));
	put_u32(frame + 28, codec_crc32c(0, frame, 28));
	enum err err = io_write(tail->fd, tail->end, frame, sizeof(frame));
	if (err == ERR_NONE)
		err = io_write(tail->fd, tail->end + FRAME_LEN, content->data, content->len);
	if (err == ERR_NONE && fdatasync(tail->fd) != 0)
		err = io_error();
	if (err != ERR_NONE) {
		(void)!ftruncate(tail->fd, (off_t)tail->end);
		return err;
	}
	tail->end += FRAME_LEN + content->len;
	tail->next_entry = next_entry;
	return ERR_NONE;
}

void
tail_close(struct tail *tail)
{
	if (tail->fd >= 0)
		(void)close(tail->fd);
	tail->fd = -1;
}
