/* The subcommands. Each returns an exit code. */
#ifndef SKERRY_CLI_COMMANDS_H
#define SKERRY_CLI_COMMANDS_H

#include "skerry/http.h"
#include "skerry/io.h"

int skr_command_serve(int argc, char **argv);
int skr_command_fsck(int argc, char **argv);
int skr_command_health(int argc, char **argv);
int skr_command_operations(int argc, char **argv);
int skr_command_attach(int argc, char **argv);
int skr_command_detach(int argc, char **argv);
int skr_command_bindings(int argc, char **argv);
int skr_command_status(int argc, char **argv);
int skr_command_journal(int argc, char **argv);
int skr_command_flush(int argc, char **argv);
int skr_command_resolve(int argc, char **argv);
int skr_command_pins(int argc, char **argv);
int skr_command_pin(int argc, char **argv);
int skr_command_unpin(int argc, char **argv);
int skr_command_evict(int argc, char **argv);
int skr_command_residency(int argc, char **argv);
int skr_command_prefetch(int argc, char **argv);
int skr_command_jobs(int argc, char **argv);

/* A fault side from "CALL:N:ERRNO" (fault.c). SKR_INVALID_ARGUMENT. One a process. */
enum skr_status skr_fault_parse(const char *text, struct skr_io_fault **out, struct skr_error *err);

#endif
