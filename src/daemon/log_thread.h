/* SPDX-License-Identifier: MIT */
/*
 * The log thread: takes lines out of every thread's ring and writes them to the files. It owns
 * the files; it is the only thread that may wait for a disk.
 */
#ifndef AORTA_DAEMON_LOG_THREAD_H
#define AORTA_DAEMON_LOG_THREAD_H

#include "aorta/conf.h"
#include "aorta/err.h"
#include "aorta/log.h"

struct log_thread;

/* Opens the files (so that a wrong path is an error at once) and starts. NULL and `e`. */
struct log_thread *log_thread_start(const struct conf_log *conf, struct err *e);
/* A ring for one more producer; owned by the log thread. Control thread. NULL: out of memory. */
struct log_ring *log_thread_ring(struct log_thread *t, size_t bytes);
/* Other files from now on. -1 and `e` when one cannot be opened: nothing has changed then. */
int log_thread_configure(struct log_thread *t, const struct conf_log *conf, struct err *e);
/* Opens the same paths again, after a rotation. */
void log_thread_reopen(struct log_thread *t);
/* Lines lost so far: rings that were full, files that did not take them. Any thread. */
uint64_t log_thread_dropped(const struct log_thread *t);
/* Writes what is left and ends. No producer may be alive. */
void log_thread_stop(struct log_thread *t);

#endif
