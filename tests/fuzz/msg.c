/*
 * msg: the bytes are a connection's buffer. Frames come out as objects, a bad
 * one ends it, and what is left is shorter than one frame.
 */
#include "base/msg.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msg msg = { .fd = -1 };
	size_t before;
	json_t *object;
	enum err err;

	bytes_init(&msg.in, 1u << 20);
	bytes_init(&msg.out, 1u << 20);
	if (len > 4096 || bytes_append(&msg.in, data, len) != ERR_NONE)
		return 0;
	do {
		before = msg.in.len;
		err = msg_next(&msg, &object);
		if (err == ERR_NONE) {
			FUZZ_CHECK(json_is_object(object));
			FUZZ_CHECK(msg.in.len < before);
			json_decref(object);
		}
	} while (err == ERR_NONE);
	FUZZ_CHECK(err == ERR_BUSY || err == ERR_FORMAT);
	msg_close(&msg);
	return 0;
}
