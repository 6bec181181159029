/*
 * log: one line per event, for programs only (libraries return errors).
 *
 * A line is `2026-01-31T12:00:00.123Z level program: words`, written with one
 * write(2) so that lines of several processes never mix. Control characters
 * in the words are replaced, so hostile input cannot forge a line.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_MAX };

/* Where lines go (default: standard error) and what is written (default: LOG_INFO). */
void log_init(const char *program, int fd, enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
