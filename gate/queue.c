#include "gate/queue.h"

#define BLOCK_SMALL ((size_t)16 * 1024) /* the first block of a response */
#define BLOCK_LARGE ((size_t)64 * 1024) /* the others; below glibc's threshold for mmap */

static ngx_int_t
block_tag(void)
{
	return NGX_OK;
}

#define BLOCK_TAG ((ngx_buf_tag_t)&block_tag)

size_t
gate_chain_consume(ngx_chain_t *in)
{
	size_t bytes = 0;

	for (; in != NULL; in = in->next) {
		bytes += (size_t)ngx_buf_size(in->buf);
		in->buf->pos = in->buf->last;
		in->buf->file_pos = in->buf->file_last;
	}
	return bytes;
}

static void
append(ngx_chain_t **first, ngx_chain_t **last, ngx_chain_t *link)
{
	link->next = NULL;
	if (*last == NULL)
		*first = link;
	else
		(*last)->next = link;
	*last = link;
}

/* Buffers that the upstream reads into bear its tag; those of the copy filter, which reads files, another one. */
static bool
is_upstream_buf(const ngx_http_request_t *r, const ngx_buf_t *b)
{
	return r->upstream != NULL && r->upstream->buffering && b->tag == r->upstream->output.tag;
}

void
gate_queue_add(struct gate_queue *q, const ngx_http_request_t *r, ngx_chain_t *in, struct gate_arrival *ret_arrival)
{
	ret_arrival->flush = false;
	ret_arrival->foreign = false;
	ret_arrival->unknown = false;
	for (; in != NULL; in = in->next) {
		ngx_buf_t *b = in->buf;
		ngx_chain_t *link;

		if (b->flush || b->sync)
			ret_arrival->flush = true;
		if (b->last_buf)
			q->complete = true;
		if (ngx_buf_special(b) || ngx_buf_size(b) == 0)
			continue;
		if (!is_upstream_buf(r, b))
			ret_arrival->foreign = true;
		link = ngx_buf_in_memory(b) ? ngx_alloc_chain_link(r->pool) : NULL;
		if (link == NULL) {
			ret_arrival->unknown = true;
			return;
		}
		link->buf = b;
		append(&q->borrowed, &q->borrowed_last, link);
		q->borrowed_bytes += (size_t)(b->last - b->pos);
	}
}

static ngx_chain_t *
block_new(struct gate_queue *q, ngx_pool_t *pool)
{
	size_t size = q->own_bytes == 0 ? BLOCK_SMALL : BLOCK_LARGE;
	ngx_chain_t *link = q->free;

	if (link != NULL) {
		q->free = link->next;
		link->buf->pos = link->buf->start;
		link->buf->last = link->buf->start;
		return link;
	}
	link = ngx_alloc_chain_link(pool);
	if (link == NULL)
		return NULL;
	link->buf = ngx_create_temp_buf(pool, size);
	if (link->buf == NULL)
		return NULL;
	link->buf->tag = BLOCK_TAG;
	return link;
}

static ngx_int_t
own_bytes(struct gate_queue *q, ngx_pool_t *pool, const u_char *data, size_t len)
{
	while (len > 0) {
		ngx_chain_t *link = q->own_last;
		size_t room = link == NULL ? 0 : (size_t)(link->buf->end - link->buf->last);

		if (room == 0) {
			link = block_new(q, pool);
			if (link == NULL)
				return NGX_ERROR;
			append(&q->own, &q->own_last, link);
			room = (size_t)(link->buf->end - link->buf->last);
		}
		if (room > len)
			room = len;
		link->buf->last = ngx_cpymem(link->buf->last, data, room);
		data += room;
		len -= room;
		q->own_bytes += room;
	}
	return NGX_OK;
}

ngx_int_t
gate_queue_own(struct gate_queue *q, ngx_pool_t *pool)
{
	while (q->borrowed != NULL) {
		ngx_chain_t *link = q->borrowed;
		ngx_buf_t *b = link->buf;

		if (own_bytes(q, pool, b->pos, (size_t)(b->last - b->pos)) != NGX_OK)
			return NGX_ERROR;
		b->pos = b->last;
		b->file_pos = b->file_last;
		q->borrowed = link->next;
		ngx_free_chain(pool, link);
	}
	q->borrowed_last = NULL;
	q->borrowed_bytes = 0;
	return NGX_OK;
}

static ngx_chain_t *
last_link(ngx_pool_t *pool)
{
	ngx_chain_t *link = ngx_alloc_chain_link(pool);
	ngx_buf_t *b = ngx_calloc_buf(pool);

	if (link == NULL || b == NULL)
		return NULL;
	b->last_buf = 1;
	b->last_in_chain = 1;
	link->buf = b;
	link->next = NULL;
	return link;
}

ngx_chain_t *
gate_queue_take(struct gate_queue *q, ngx_pool_t *pool)
{
	ngx_chain_t *first = q->own, *last = q->own_last;

	if (q->borrowed != NULL) {
		if (last == NULL)
			first = q->borrowed;
		else
			last->next = q->borrowed;
		last = q->borrowed_last;
	}
	if (q->complete) {
		ngx_chain_t *end = last_link(pool);

		if (end == NULL)
			return NULL;
		append(&first, &last, end);
	}
	q->own = q->own_last = q->borrowed = q->borrowed_last = NULL;
	q->own_bytes = q->borrowed_bytes = 0;
	return first;
}

ngx_chain_t *
gate_queue_take_front(struct gate_queue *q, ngx_pool_t *pool, size_t len)
{
	ngx_chain_t *first = NULL, *last = NULL;

	while (len > 0) {
		ngx_chain_t *link = q->own;
		size_t here = (size_t)(link->buf->last - link->buf->pos);

		q->own = link->next;
		if (q->own == NULL)
			q->own_last = NULL;
		if (here > len) {
			ngx_chain_t *rest = block_new(q, pool);

			/* A block that was reused may be a small one. */
			if (rest == NULL || (size_t)(rest->buf->end - rest->buf->start) < here - len) {
				rest = ngx_alloc_chain_link(pool);
				if (rest == NULL || (rest->buf = ngx_create_temp_buf(pool, BLOCK_LARGE)) == NULL)
					return NULL;
				rest->buf->tag = BLOCK_TAG;
			}
			rest->buf->last = ngx_cpymem(rest->buf->last, link->buf->pos + len, here - len);
			rest->next = q->own;
			q->own = rest;
			if (q->own_last == NULL)
				q->own_last = rest;
			link->buf->last = link->buf->pos + len;
			here = len;
		}
		append(&first, &last, link);
		q->own_bytes -= here;
		len -= here;
	}
	return first;
}

void
gate_queue_recycle(struct gate_queue *q, ngx_pool_t *pool, ngx_chain_t **sent)
{
	ngx_chain_t *none = NULL;

	ngx_chain_update_chains(pool, &q->free, &q->busy, sent != NULL ? sent : &none, BLOCK_TAG);
}

size_t
gate_queue_unsent(const struct gate_queue *q)
{
	size_t bytes = 0;

	for (const ngx_chain_t *link = q->busy; link != NULL; link = link->next)
		bytes += (size_t)ngx_buf_size(link->buf);
	return bytes;
}

void
gate_queue_drop(struct gate_queue *q, ngx_pool_t *pool)
{
	(void)gate_chain_consume(q->borrowed);
	while (q->borrowed != NULL) {
		ngx_chain_t *link = q->borrowed;

		q->borrowed = link->next;
		ngx_free_chain(pool, link);
	}
	q->own = q->own_last = q->borrowed_last = NULL;
	q->own_bytes = q->borrowed_bytes = 0;
}
