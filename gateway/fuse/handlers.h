/* What libfuse calls, a function a row of the table. */
#ifndef SKERRY_FUSE_HANDLERS_H
#define SKERRY_FUSE_HANDLERS_H

#include "transport.h"

void skr_handle_init(void *mount, struct fuse_conn_info *connection);

/* lookup.c */
void skr_handle_lookup(fuse_req_t request, fuse_ino_t parent, const char *name);
void skr_handle_forget(fuse_req_t request, fuse_ino_t number, uint64_t lookups);
void skr_handle_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets);
void skr_handle_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);
void skr_handle_statfs(fuse_req_t request, fuse_ino_t number);

/* open.c */
void skr_handle_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);
void skr_handle_flush(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);
void skr_handle_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);

/* read.c */
void skr_handle_readlink(fuse_req_t request, fuse_ino_t number);
void skr_handle_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info);
void skr_handle_lseek(fuse_req_t request, fuse_ino_t number, off_t offset, int whence, struct fuse_file_info *info);

/* directory.c */
void skr_handle_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);
void skr_handle_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info);
void skr_handle_readdirplus(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info);
void skr_handle_releasedir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);

#endif
