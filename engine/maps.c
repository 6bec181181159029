#include "engine/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"

#define MODE_STATE 0640
#define MODE_BUDGETS 0660

/* The kernel's random number of this boot: another one means that the budgets may be older than the journals. */
static enum err
read_boot_id(uint8_t out[MAP_BOOT_ID_LEN])
{
	char text[40];
	char hex[2 * MAP_BOOT_ID_LEN];
	size_t n = 0;
	ssize_t len;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return ERR_IO;
	len = read(fd, text, sizeof(text));
	close(fd);
	for (ssize_t i = 0; i < len && n < sizeof(hex); i++)
		if (text[i] != '-' && text[i] != '\n')
			hex[n++] = text[i];
	return n == sizeof(hex) ? bytes_from_hex(hex, n, out, MAP_BOOT_ID_LEN) : ERR_FORMAT;
}

static struct map_capacity
capacity_of(const struct config *config)
{
	return (struct map_capacity){
		.sessions = config->capacity.sessions,
		.orders = config->capacity.orders,
		.scopes = config->capacity.scopes,
		.locks = config->capacity.locks,
		.arena_entries = (uint64_t)config->capacity.arena_mib << 16,
	};
}

struct map_paths {
	char state[PATH_MAX];
	char budgets[PATH_MAX];
};

static enum err
make_paths(const struct config *config, struct map_paths *paths)
{
	enum err err = config_path(config, "map/state.map", paths->state);

	return err == ERR_NONE ? config_path(config, "map/budgets.map", paths->budgets) : err;
}

/* Whether the attached state is one to go on with; says why not. */
static const char *
unfit(const struct map_state *state, const struct config *config, const uint8_t *boot_id)
{
	struct map_capacity wanted = capacity_of(config);
	const struct map_capacity *have = map_capacity(state);

	if (memcmp(map_birth(state)->boot_id, boot_id, MAP_BOOT_ID_LEN) != 0)
		return "the machine was started anew";
	if (map_is_retired(state))
		return "the maps were retired";
	if (map_birth(state)->node != config->node)
		return "the node's number was changed";
	if (memcmp(&wanted, have, sizeof(wanted)) != 0)
		return "the capacities were changed";
	return NULL;
}

/* Attach both of the predecessor's maps. *why_new says why they are of no use. */
static bool
adopt(struct maps *maps, const struct map_paths *paths, const struct config *config, const uint8_t *boot_id,
    uint64_t at_us)
{
	const char *why = "there were no maps";

	maps->why_new = why;
	if (mapfile_open(&maps->state_file, paths->state, MAPFILE_WRITE) != ERR_NONE)
		return false;
	if (map_state_attach(&maps->state, maps->state_file.memory, maps->state_file.size, &why) != ERR_NONE) {
		maps->why_new = why;
		return false;
	}
	maps->why_new = unfit(&maps->state, config, boot_id);
	if (maps->why_new != NULL)
		return false;
	maps->why_new = "the budgets are missing";
	if (mapfile_open(&maps->budgets_file, paths->budgets, MAPFILE_WRITE) != ERR_NONE)
		return false;
	if (map_budgets_attach(&maps->budgets, maps->budgets_file.memory, maps->budgets_file.size, &maps->state, &why) !=
	    ERR_NONE) {
		maps->why_new = why;
		return false;
	}
	maps->why_new = NULL;
	map_state_adopt(&maps->state, at_us);
	return true;
}

/* Readers of the old maps are told to open the path anew. */
static void
retire(struct maps *old)
{
	const char *why;

	if (old->state_file.memory != NULL &&
	    map_state_attach(&old->state, old->state_file.memory, old->state_file.size, &why) == ERR_NONE)
		map_retire(&old->state);
	maps_close(old);
}

/* The group of the gate's workers, or -1. Without the right to give files away they stay ours. */
static void
give_to_gate(const char *path, const struct config *config)
{
	struct group *group = config->rights.gate_group == NULL ? NULL : getgrnam(config->rights.gate_group);

	if (group != NULL && chown(path, (uid_t)-1, group->gr_gid) != 0)
		return;
}

static enum err
birth_of(const struct config *config, const uint8_t *boot_id, struct map_birth *birth)
{
	enum err err;

	memset(birth, 0, sizeof(*birth));
	memcpy(birth->boot_id, boot_id, MAP_BOOT_ID_LEN);
	birth->node = config->node;
	err = random_bytes(birth->person_key, sizeof(birth->person_key));
	if (err == ERR_NONE)
		err = random_bytes(&birth->pair, sizeof(birth->pair));
	birth->pair |= 1;
	return err;
}

/* Both files under their temporary names, formatted. */
static enum err
create(struct maps *maps, const struct map_paths *paths, const struct config *config, const uint8_t *boot_id)
{
	struct map_capacity capacity = capacity_of(config);
	struct map_birth birth;
	enum err err = birth_of(config, boot_id, &birth);

	if (err == ERR_NONE && (map_state_size(&capacity) == 0 || map_budgets_size(&capacity) == 0))
		err = ERR_RANGE;
	if (err == ERR_NONE)
		err = mapfile_create(&maps->state_file, paths->state, map_state_size(&capacity), MODE_STATE);
	if (err == ERR_NONE)
		err = mapfile_create(&maps->budgets_file, paths->budgets, map_budgets_size(&capacity), MODE_BUDGETS);
	if (err == ERR_NONE)
		err = map_state_init(&maps->state, maps->state_file.memory, maps->state_file.size, &capacity, &birth);
	if (err == ERR_NONE)
		err = map_budgets_init(&maps->budgets, maps->budgets_file.memory, maps->budgets_file.size, &maps->state);
	if (err != ERR_NONE) {
		mapfile_discard(&maps->state_file, paths->state);
		mapfile_discard(&maps->budgets_file, paths->budgets);
	}
	return err;
}

/* Budgets first: who finds the new state finds the budgets that belong to it. */
static enum err
publish(const struct map_paths *paths, const struct config *config)
{
	char temporary[PATH_MAX + 8];
	enum err err;

	(void)snprintf(temporary, sizeof(temporary), "%s.new", paths->budgets);
	give_to_gate(temporary, config);
	(void)snprintf(temporary, sizeof(temporary), "%s.new", paths->state);
	give_to_gate(temporary, config);
	err = mapfile_publish(paths->budgets);
	return err == ERR_NONE ? mapfile_publish(paths->state) : err;
}

/* Make new maps, put them in place, retire `old`. */
static enum err
renew_maps(struct maps *maps, const struct map_paths *paths, const struct config *config, const uint8_t *boot_id)
{
	struct maps old = *maps;
	enum err err;

	memset(maps, 0, sizeof(*maps));
	maps->why_new = old.why_new;
	if (old.state_file.memory == NULL &&
	    mapfile_open(&old.state_file, paths->state, MAPFILE_WRITE) != ERR_NONE)
		old.state_file.memory = NULL;
	err = create(maps, paths, config, boot_id);
	if (err == ERR_NONE)
		err = publish(paths, config);
	if (err == ERR_NONE)
		retire(&old);
	else
		maps_close(&old);
	return err;
}

enum err
maps_open(struct maps *maps, const struct config *config, bool renew, uint64_t at_us, const char **why)
{
	uint8_t boot_id[MAP_BOOT_ID_LEN];
	struct map_paths paths;
	enum err err = make_paths(config, &paths);

	memset(maps, 0, sizeof(*maps));
	*why = "the maps cannot be made";
	if (err == ERR_NONE)
		err = read_boot_id(boot_id);
	if (err != ERR_NONE)
		return err;
	maps->adopted = !renew && adopt(maps, &paths, config, boot_id, at_us);
	if (maps->adopted)
		return ERR_NONE;
	if (renew)
		maps->why_new = "asked for";
	err = renew_maps(maps, &paths, config, boot_id);
	if (err == ERR_SPACE)
		*why = "there is no room on the disk for the maps, whose size follows from the group capacity";
	if (err == ERR_DENIED)
		*why = "the directory of the maps cannot be written";
	if (err != ERR_NONE)
		maps_close(maps);
	return err;
}

void
maps_close(struct maps *maps)
{
	mapfile_close(&maps->budgets_file);
	mapfile_close(&maps->state_file);
}
