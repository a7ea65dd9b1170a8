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

/* write.c */
void skr_handle_write(fuse_req_t request, fuse_ino_t number, const char *data, size_t size, off_t offset,
                      struct fuse_file_info *info);
void skr_handle_fsync(fuse_req_t request, fuse_ino_t number, int data_only, struct fuse_file_info *info);
void skr_handle_fallocate(fuse_req_t request, fuse_ino_t number, int mode, off_t offset, off_t size,
                          struct fuse_file_info *info);
void skr_handle_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t offset, struct fuse_file_info *from_info,
                                fuse_ino_t to, off_t at, struct fuse_file_info *to_info, size_t size, int flags);

/* setattr.c */
void skr_handle_setattr(fuse_req_t request, fuse_ino_t number, struct stat *given, int what, struct fuse_file_info *info);

/* names.c */
void skr_handle_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device);
void skr_handle_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info);
void skr_handle_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode);
void skr_handle_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name);
void skr_handle_link(fuse_req_t request, fuse_ino_t number, fuse_ino_t parent, const char *name);
void skr_handle_unlink(fuse_req_t request, fuse_ino_t parent, const char *name);
void skr_handle_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name);
void skr_handle_rename(fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
                       unsigned flags);

/* xattrs.c */
void skr_handle_getxattr(fuse_req_t request, fuse_ino_t number, const char *name, size_t size);
void skr_handle_listxattr(fuse_req_t request, fuse_ino_t number, size_t size);
void skr_handle_setxattr(fuse_req_t request, fuse_ino_t number, const char *name, const char *value, size_t size, int flags);
void skr_handle_removexattr(fuse_req_t request, fuse_ino_t number, const char *name);

/* directory.c */
void skr_handle_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);
void skr_handle_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info);
void skr_handle_readdirplus(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info);
void skr_handle_releasedir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info);
void skr_handle_fsyncdir(fuse_req_t request, fuse_ino_t number, int data_only, struct fuse_file_info *info);

#endif
