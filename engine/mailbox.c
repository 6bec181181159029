#include "engine/mailbox.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	pthread_mutex_t lock;
	struct letter *first;
	struct letter **end;
	int fd;
};

enum err
mailbox_open(struct mailbox **ret_box)
{
	struct mailbox *box = calloc(1, sizeof(*box));

	if (box == NULL)
		return ERR_NOMEM;
	box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (box->fd < 0 || pthread_mutex_init(&box->lock, NULL) != 0) {
		if (box->fd >= 0)
			close(box->fd);
		free(box);
		return ERR_IO;
	}
	box->end = &box->first;
	*ret_box = box;
	return ERR_NONE;
}

void
mailbox_free(struct mailbox *box)
{
	if (box == NULL)
		return;
	pthread_mutex_destroy(&box->lock);
	close(box->fd);
	free(box);
}

int
mailbox_descriptor(const struct mailbox *box)
{
	return box->fd;
}

void
mailbox_post(struct mailbox *box, struct letter *letter)
{
	const uint64_t one = 1;

	letter->next = NULL;
	pthread_mutex_lock(&box->lock);
	*box->end = letter;
	box->end = &letter->next;
	pthread_mutex_unlock(&box->lock);
	/* Fails only where the counter is at its end: then the owner is awake anyway. */
	if (write(box->fd, &one, sizeof(one)) != sizeof(one))
		return;
}

void
mailbox_open_letters(struct mailbox *box, void *owner)
{
	struct letter *letter;
	struct letter *next;
	uint64_t count;

	if (read(box->fd, &count, sizeof(count)) != sizeof(count))
		return;
	pthread_mutex_lock(&box->lock);
	letter = box->first;
	box->first = NULL;
	box->end = &box->first;
	pthread_mutex_unlock(&box->lock);
	for (; letter != NULL; letter = next) {
		next = letter->next;
		letter->open(owner, letter);
	}
}
