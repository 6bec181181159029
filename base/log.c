/* log: lines to one descriptor. Never allocates; thread-safe once initialised. */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048

static struct {
	const char *program;
	int fd;
	enum log_level level;
} sink = {"tourniquet", STDERR_FILENO, LOG_INFO};

void
log_init(const char *program, int fd, enum log_level level)
{
	sink.program = program;
	sink.fd = fd;
	sink.level = level;
}

static size_t
clamp(int written, size_t room)
{
	if (written < 0)
		return 0;
	return (size_t)written < room ? (size_t)written : room - 1;
}

__attribute__((format(printf, 2, 0))) static void
write_line(enum log_level level, const char *format, va_list args)
{
	static const char *const names[LOG_LEVEL_MAX] = {"error", "warn", "info", "debug"};
	char line[LINE_MAX_LEN];
	struct timespec now;
	struct tm utc;
	size_t len;

	if (level > sink.level)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
	len += clamp(snprintf(line + len, sizeof(line) - len, ".%03ldZ %s %s: ",
	                 now.tv_nsec / 1000000, names[level], sink.program),
	    sizeof(line) - len);
	size_t words = len;
	len += clamp(vsnprintf(line + len, sizeof(line) - 1 - len, format, args),
	    sizeof(line) - 1 - len);
	for (size_t i = words; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	line[len++] = '\n';
	/* A log that cannot be written must not stop the program that writes it. */
	ssize_t ignored = write(sink.fd, line, len);
	(void)ignored;
}

#define LOG_FUNCTION(name, level)               \
	void name(const char *format, ...)      \
	{                                       \
		va_list args;                   \
		va_start(args, format);         \
		write_line(level, format, args); \
		va_end(args);                   \
	}

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)
