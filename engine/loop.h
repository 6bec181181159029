/*
 * loop: poll(2) over a few descriptors and timers. One thread; functions are
 * called one after another and must not block. Private to engine/.
 */
#ifndef ENGINE_LOOP_H
#define ENGINE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;

MUST_CHECK enum err loop_open(struct loop **ret_loop);
void loop_free(struct loop *loop);

/* Call `ready` when `fd` has one of `events` (POLLIN, POLLOUT), an error or a hang-up. */
MUST_CHECK enum err loop_watch(struct loop *loop, int fd, short events,
    void (*ready)(void *context, short events), void *context);
void loop_change(struct loop *loop, int fd, short events);
/* May be called from within `ready`. */
void loop_forget(struct loop *loop, int fd);

/* Call `due` every `every_ms` milliseconds. */
MUST_CHECK enum err loop_every(struct loop *loop, uint32_t every_ms, void (*due)(void *context), void *context);

/* Wait for at most `timeout_ms` (below 0: until something is due) and serve what is ready. */
MUST_CHECK enum err loop_once(struct loop *loop, int timeout_ms);

#endif
