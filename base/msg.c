#include "base/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/codec.h"

#define HEADER_LEN 4
#define READ_LEN 65536

enum err
msg_open(struct msg *msg, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return ERR_IO;
	msg->fd = fd;
	msg->ended = false;
	bytes_init(&msg->in, HEADER_LEN + MSG_MAX + READ_LEN);
	bytes_init(&msg->out, MSG_BACKLOG_MAX);
	return ERR_NONE;
}

void
msg_close(struct msg *msg)
{
	if (msg->fd >= 0)
		close(msg->fd);
	msg->fd = -1;
	bytes_wipe(&msg->in);
	bytes_wipe(&msg->out);
}

enum err
msg_fill(struct msg *msg)
{
	ssize_t n;
	enum err err;

	if (msg->ended)
		return ERR_EXPIRED;
	if (msg->in.len >= HEADER_LEN + (size_t)MSG_MAX)
		return ERR_BUSY;
	err = bytes_reserve(&msg->in, READ_LEN);
	if (err != ERR_NONE)
		return err;
	n = recv(msg->fd, msg->in.data + msg->in.len, READ_LEN, 0);
	if (n > 0) {
		msg->in.len += (size_t)n;
		return ERR_NONE;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_BUSY;
	msg->ended = true;
	return n == 0 || errno == ECONNRESET ? ERR_EXPIRED : ERR_IO;
}

enum err
msg_next(struct msg *msg, json_t **ret_object)
{
	json_t *object;
	uint32_t len;

	if (msg->in.len < HEADER_LEN)
		return ERR_BUSY;
	len = get_u32(msg->in.data);
	if (len == 0 || len > MSG_MAX)
		return ERR_FORMAT;
	if (msg->in.len < HEADER_LEN + (size_t)len)
		return ERR_BUSY;
	object = json_loadb((const char *)msg->in.data + HEADER_LEN, len, JSON_REJECT_DUPLICATES, NULL);
	/* Requests may carry passwords: do not leave them in the buffer. */
	bytes_zero(msg->in.data + HEADER_LEN, len);
	bytes_consume(&msg->in, HEADER_LEN + (size_t)len);
	if (!json_is_object(object)) {
		json_decref(object);
		return ERR_FORMAT;
	}
	*ret_object = object;
	return ERR_NONE;
}

static int
append_dump(const char *data, size_t len, void *context)
{
	return bytes_append(context, data, len) == ERR_NONE ? 0 : -1;
}

enum err
msg_send(struct msg *msg, const json_t *object)
{
	uint8_t header[HEADER_LEN] = { 0 };
	size_t start = msg->out.len;
	size_t len;
	enum err err = bytes_append(&msg->out, header, sizeof(header));

	if (err != ERR_NONE)
		return err;
	if (json_dump_callback(object, append_dump, &msg->out, JSON_COMPACT) != 0) {
		msg->out.len = start;
		return ERR_RANGE;
	}
	len = msg->out.len - start - HEADER_LEN;
	if (len > MSG_MAX) {
		msg->out.len = start;
		return ERR_RANGE;
	}
	put_u32(msg->out.data + start, (uint32_t)len);
	err = msg_flush(msg);
	return err == ERR_BUSY ? ERR_NONE : err;
}

enum err
msg_send_text(struct msg *msg, const char *text, size_t len)
{
	uint8_t header[HEADER_LEN];
	enum err err;

	if (len > MSG_MAX)
		return ERR_RANGE;
	err = bytes_reserve(&msg->out, HEADER_LEN + len);
	if (err != ERR_NONE)
		return err;
	put_u32(header, (uint32_t)len);
	err = bytes_append(&msg->out, header, sizeof(header));
	if (err == ERR_NONE)
		err = bytes_append(&msg->out, text, len);
	if (err != ERR_NONE)
		return err;
	err = msg_flush(msg);
	return err == ERR_BUSY ? ERR_NONE : err;
}

enum err
msg_flush(struct msg *msg)
{
	size_t done = 0;
	enum err err = ERR_NONE;

	while (done < msg->out.len) {
		ssize_t n = send(msg->fd, msg->out.data + done, msg->out.len - done, MSG_NOSIGNAL);

		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		err = errno == EAGAIN ? ERR_BUSY : errno == EPIPE || errno == ECONNRESET ? ERR_EXPIRED : ERR_IO;
		break;
	}
	bytes_consume(&msg->out, done);
	return err;
}

size_t
msg_backlog(const struct msg *msg)
{
	return msg->out.len;
}

enum err
msg_connect(struct msg *msg, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	enum err err;
	int fd;

	if (len >= sizeof(address.sun_path))
		return ERR_RANGE;
	memcpy(address.sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		err = errno == ENOENT || errno == ECONNREFUSED ? ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_IO;
		close(fd);
		return err;
	}
	err = msg_open(msg, fd);
	if (err != ERR_NONE)
		close(fd);
	return err;
}

/* Wait until the socket can be read (or written, while something is queued). */
static enum err
wait_ready(struct msg *msg, int timeout_ms)
{
	struct pollfd p = { .fd = msg->fd, .events = POLLIN };
	int n;

	if (msg->out.len > 0)
		p.events |= POLLOUT;
	n = poll(&p, 1, timeout_ms);
	if (n == 0)
		return ERR_BUSY;
	if (n < 0)
		return errno == EINTR ? ERR_NONE : ERR_IO;
	if ((p.revents & POLLOUT) != 0) {
		enum err err = msg_flush(msg);

		return err == ERR_BUSY ? ERR_NONE : err;
	}
	return ERR_NONE;
}

enum err
msg_wait(struct msg *msg, int timeout_ms, json_t **ret_object)
{
	enum err err;

	for (;;) {
		err = msg_next(msg, ret_object);
		if (err != ERR_BUSY)
			return err;
		err = msg_fill(msg);
		if (err == ERR_NONE)
			continue;
		if (err != ERR_BUSY)
			return err;
		err = wait_ready(msg, timeout_ms);
		if (err != ERR_NONE)
			return err;
	}
}

enum err
msg_call(struct msg *msg, const json_t *request, void (*each)(void *context, const json_t *frame), void *context,
    json_t **ret_answer)
{
	json_t *frame;
	enum err err = msg_send(msg, request);

	while (err == ERR_NONE) {
		err = msg_wait(msg, -1, &frame);
		if (err != ERR_NONE)
			break;
		if (json_object_get(frame, "ok") != NULL) {
			*ret_answer = frame;
			return ERR_NONE;
		}
		if (each != NULL)
			each(context, frame);
		json_decref(frame);
	}
	return err;
}
