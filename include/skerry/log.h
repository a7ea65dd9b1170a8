/* Structured logging to stderr, one line an event: time, level, component, message, then key=value pairs in the message.
 * Implemented by the program (gateway/cli/log.c). Any thread. A message never holds a secret: no key, no signature, no
 * query string of a request.
 */
#ifndef SKERRY_LOG_H
#define SKERRY_LOG_H

enum skr_log_level { SKR_LOG_ERROR, SKR_LOG_WARNING, SKR_LOG_INFO, SKR_LOG_DEBUG };

__attribute__((format(printf, 3, 4))) void skr_log(enum skr_log_level level, const char *component, const char *format, ...);

/* Drops what is more detailed than `level`. Before threads start. */
void skr_log_set_level(enum skr_log_level level);

#endif
