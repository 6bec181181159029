/* positions: who was read how far. Pure. */
#include "ledger/positions.h"

#include <string.h>

#include "base/codec.h"

#define SOURCE_LEN 28U

static const uint8_t magic[8] = {'T', 'Q', 'C', 'U', 'R', 'S', '1', '\n'};

/* Place of the source's writer, or n. */
static uint32_t
find(const struct positions *positions, const struct ledger_source *source)
{
	uint32_t i = 0;

	while (i < positions->n && !ledger_source_same_writer(&positions->last[i], source))
		i++;
	return i;
}

enum err
positions_check(const struct positions *positions, const struct ledger_source *source)
{
	uint32_t i = find(positions, source);

	if (i < positions->n && source->sequence <= positions->last[i].sequence)
		return ERR_EXISTS;
	return ERR_NONE;
}

/* The place that a new writer takes: a free one, or that of the one silent longest. */
static uint32_t
place_for_new(struct positions *positions)
{
	uint32_t i = LEDGER_SOURCES_MAX - 1;

	if (positions->n < LEDGER_SOURCES_MAX)
		return positions->n++;
	while (i > 0 && positions->last[i].worker == LEDGER_WORKER_ENGINE)
		i--;
	return i;
}

void
positions_note(struct positions *positions, const struct ledger_source *source)
{
	uint32_t i = find(positions, source);

	if (i == positions->n)
		i = place_for_new(positions);
	memmove(&positions->last[1], &positions->last[0], i * sizeof(positions->last[0]));
	positions->last[0] = *source;
}

void
positions_copy(struct positions *to, const struct positions *from)
{
	to->n = from->n;
	memcpy(to->last, from->last, from->n * sizeof(from->last[0]));
}

static enum err
append_state(const struct ledger_state *state, struct bytes *out)
{
	uint8_t head[8 + SHA256_LEN + 4];
	enum err err;

	put_u64(head, state->head.size);
	memcpy(head + 8, state->head.root.bytes, SHA256_LEN);
	put_u32(head + 8 + SHA256_LEN, state->positions->n);
	err = bytes_append(out, head, sizeof(head));
	for (uint32_t i = 0; i < state->positions->n && err == ERR_NONE; i++) {
		const struct ledger_source *s = &state->positions->last[i];
		uint8_t raw[SOURCE_LEN];

		put_u16(raw, s->node);
		put_u16(raw + 2, s->worker);
		put_u32(raw + 4, s->segment);
		put_u32(raw + 8, s->offset);
		put_u64(raw + 12, s->writer);
		put_u64(raw + 20, s->sequence);
		err = bytes_append(out, raw, sizeof(raw));
	}
	return err;
}

enum err
cursor_format(const struct ledger_state *committed, const struct ledger_state *next, struct bytes *out)
{
	uint8_t sum[4];
	enum err err = bytes_append(out, magic, sizeof(magic));

	if (err == ERR_NONE)
		err = append_state(committed, out);
	if (err == ERR_NONE)
		err = append_state(next, out);
	if (err != ERR_NONE)
		return err;
	put_u32(sum, codec_crc32c(0, out->data, out->len));
	return bytes_append(out, sum, sizeof(sum));
}

static void
take_state(struct reader *r, struct merkle_head *ret_head, struct positions *ret_positions)
{
	ret_head->size = reader_u64(r);
	const uint8_t *root = reader_take(r, SHA256_LEN);
	if (root != NULL)
		memcpy(ret_head->root.bytes, root, SHA256_LEN);
	ret_positions->n = reader_u32(r);
	if (ret_positions->n > LEDGER_SOURCES_MAX)
		r->bad = true;
	for (uint32_t i = 0; i < ret_positions->n && !r->bad; i++) {
		struct ledger_source *s = &ret_positions->last[i];

		s->node = reader_u16(r);
		s->worker = reader_u16(r);
		s->segment = reader_u32(r);
		s->offset = reader_u32(r);
		s->writer = reader_u64(r);
		s->sequence = reader_u64(r);
	}
}

enum err
cursor_parse(const uint8_t *data, size_t len, struct cursor *ret_cursor)
{
	struct reader r;

	if (len < sizeof(magic) + 4 || memcmp(data, magic, sizeof(magic)) != 0)
		return ERR_FORMAT;
	if (codec_crc32c(0, data, len - 4) != get_u32(data + len - 4))
		return ERR_CORRUPT;
	reader_init(&r, data + sizeof(magic), len - sizeof(magic) - 4);
	take_state(&r, &ret_cursor->heads[0], &ret_cursor->positions[0]);
	take_state(&r, &ret_cursor->heads[1], &ret_cursor->positions[1]);
	uint64_t committed = ret_cursor->heads[0].size, next = ret_cursor->heads[1].size;
	if (r.bad || reader_left(&r) != 0 || next > MERKLE_SIZE_MAX || next < committed ||
	    next - committed > LEDGER_COMMIT_ENTRIES_MAX)
		return ERR_FORMAT;
	return ERR_NONE;
}
