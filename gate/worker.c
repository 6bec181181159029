#include "gate/worker.h"

#include <malloc.h>

#include "base/mapfile.h"
#include "base/random.h"
#include "gate/release.h"
#include "gate/rules.h"

#define TICK_MS 250
#define HEAP_KEPT (32 << 20)
#define HEAP_MAPPED (1 << 20)

struct gate_worker gate_worker;

/* Private to this file. */
static struct {
	char state_path[NGX_MAX_PATH];
	char budgets_path[NGX_MAX_PATH];
	struct mapfile state_file;
	struct mapfile budgets_file;
	const struct gate_main_conf *conf;
	uint32_t period;         /* that the journal is sealed to */
	ngx_connection_t *notice; /* of the journal's descriptor */
	ngx_event_t kick;
	ngx_event_t tick;
	ngx_msec_t tried_at;     /* when opening the maps failed last */
	bool map_said;           /* that failure is in the log already */
	bool journal_said;
	bool journal_poor;       /* it works less well than it should, and the log has it */
} own;

static void
maps_close(void)
{
	gate_worker.mapped = false;
	gate_rules_forget();
	mapfile_close(&own.budgets_file);
	mapfile_close(&own.state_file);
}

/* `why` is a static sentence. */
static enum err
maps_open(const char **why)
{
	enum err err;

	*why = "state.map cannot be opened";
	err = mapfile_open(&own.state_file, own.state_path, MAPFILE_READ);
	if (err != ERR_NONE)
		return err;
	err = map_state_attach(&gate_worker.state, own.state_file.memory, own.state_file.size, why);
	if (err != ERR_NONE)
		return err;
	*why = "budgets.map cannot be opened";
	err = mapfile_open(&own.budgets_file, own.budgets_path, MAPFILE_WRITE);
	if (err != ERR_NONE)
		return err;
	return map_budgets_attach(&gate_worker.budgets, own.budgets_file.memory, own.budgets_file.size,
	    &gate_worker.state, why);
}

bool
gate_worker_maps(void)
{
	const char *why;
	enum err err;

	if (gate_worker.mapped && !map_is_retired(&gate_worker.state))
		return true;
	/* A missing map is not looked for at every request. */
	if (own.map_said && ngx_current_msec - own.tried_at < TICK_MS)
		return false;
	maps_close();
	err = maps_open(&why);
	if (err == ERR_NONE && map_is_retired(&gate_worker.state)) {
		err = ERR_EXPIRED;
		why = "state.map is retired and its successor not there yet";
	}
	if (err != ERR_NONE) {
		if (!own.map_said)
			ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "tourniquet: %s (%s): guarded locations are closed",
			    why, err_text(err));
		own.map_said = true;
		own.tried_at = ngx_current_msec;
		maps_close();
		return false;
	}
	if (own.map_said)
		ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "tourniquet: the maps are there");
	own.map_said = false;
	gate_worker.mapped = true;
	gate_worker.epoch++;
	return true;
}

static void
journal_ready(ngx_event_t *ev)
{
	struct journal_progress progress;

	(void)ev;
	journal_collect(gate_worker.journal, &progress);
	if (progress.durable < progress.settled)
		gate_worker.journal_down = true;
	gate_release_settle(progress.durable, progress.settled);
}

static ngx_int_t
notice_open(int fd)
{
	ngx_connection_t *c = ngx_get_connection(fd, ngx_cycle->log);

	if (c == NULL)
		return NGX_ERROR;
	c->read->handler = journal_ready;
	c->read->log = ngx_cycle->log;
	if (ngx_add_event(c->read, NGX_READ_EVENT, 0) != NGX_OK) {
		ngx_free_connection(c);
		return NGX_ERROR;
	}
	own.notice = c;
	return NGX_OK;
}

static void
journal_open(const struct map_period *period)
{
	const struct gate_main_conf *conf = own.conf;
	struct journal_options options = {
		.dirs = { (const char *)conf->journal[0].data, (const char *)conf->journal[1].data },
		.node = (uint16_t)map_birth(&gate_worker.state)->node,
		.worker = (uint16_t)ngx_worker,
		.recipient.period = period->number,
	};
	enum err err;

	ngx_memcpy(options.recipient.key, period->public_key, SEAL_KEY_LEN);
	err = journal_writer_open(&options, &gate_worker.journal);
	if (err == ERR_NONE && notice_open(journal_descriptor(gate_worker.journal)) != NGX_OK) {
		journal_writer_close(gate_worker.journal);
		gate_worker.journal = NULL;
		err = ERR_NOMEM;
	}
	if (err != ERR_NONE) {
		if (!own.journal_said)
			ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
			    "tourniquet: the journal cannot be opened (%s): metered routes answer 503", err_text(err));
		own.journal_said = true;
		return;
	}
	own.journal_said = false;
	own.period = period->number;
}

static void
journal_follow_period(void)
{
	struct journal_recipient recipient;
	struct map_period period;

	if (own.conf->journal[0].len == 0 || map_period_get(&gate_worker.state, &period) != ERR_NONE)
		return;
	if (gate_worker.journal == NULL) {
		journal_open(&period);
		return;
	}
	if (period.number == own.period)
		return;
	recipient.period = period.number;
	ngx_memcpy(recipient.key, period.public_key, SEAL_KEY_LEN);
	journal_writer_set_recipient(gate_worker.journal, &recipient);
	own.period = period.number;
}

/* A directory that fails, or takes over, or is well again: once each. */
static void
journal_say(void)
{
	char words[600];
	bool poor = !journal_status(gate_worker.journal, words, sizeof(words));

	if (poor == own.journal_poor)
		return;
	own.journal_poor = poor;
	ngx_log_error((poor ? NGX_LOG_CRIT : NGX_LOG_WARN), ngx_cycle->log, 0, "tourniquet: the journal: %s", words);
}

static void
tick(ngx_event_t *ev)
{
	if (gate_worker_maps())
		journal_follow_period();
	if (gate_worker.journal != NULL)
		journal_say();
	gate_worker.journal_down = false;
	if (!ngx_exiting)
		ngx_add_timer(ev, TICK_MS);
}

static void
kick(ngx_event_t *ev)
{
	(void)ev;
	if (gate_worker.journal != NULL)
		journal_kick(gate_worker.journal);
}

void
gate_worker_kick(void)
{
	if (!own.kick.posted) {
		ngx_post_event(&own.kick, &ngx_posted_events);
	}
}

ngx_int_t
gate_worker_init(ngx_cycle_t *cycle)
{
	/* Timers are logged by the descriptor of their connection. */
	static ngx_connection_t nobody = { .fd = (ngx_socket_t)-1 };

	if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
		return NGX_OK;
	if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL)
		return NGX_OK;
	own.conf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_tourniquet_module);
	if (own.conf == NULL || !own.conf->guarded)
		return NGX_OK;
	(void)ngx_snprintf((u_char *)own.state_path, NGX_MAX_PATH, "%V/state.map%Z", &own.conf->map_dir);
	(void)ngx_snprintf((u_char *)own.budgets_path, NGX_MAX_PATH, "%V/budgets.map%Z", &own.conf->map_dir);
	if (random_bytes(&gate_worker.seed, sizeof(gate_worker.seed)) != ERR_NONE)
		return NGX_ERROR;
	own.kick.handler = kick;
	own.kick.log = cycle->log;
	own.tick.handler = tick;
	own.tick.log = cycle->log;
	own.tick.data = &nobody;
	own.tick.cancelable = 1;
	/*
	 * Requests allocate and free tens of kilobytes each; glibc would give the
	 * top of the heap back to the kernel and fault it in again every time.
	 */
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	(void)mallopt(M_MMAP_THRESHOLD, HEAP_MAPPED);
	gate_release_init();
	tick(&own.tick);
	return NGX_OK;
}

void
gate_worker_exit(ngx_cycle_t *cycle)
{
	(void)cycle;
	if (own.notice != NULL) {
		/* The descriptor is the journal's own to close. */
		(void)ngx_del_event(own.notice->read, NGX_READ_EVENT, 0);
		ngx_free_connection(own.notice);
		own.notice->fd = (ngx_socket_t)-1;
		own.notice = NULL;
	}
	journal_writer_close(gate_worker.journal);
	gate_worker.journal = NULL;
	maps_close();
}
