/* Records what a process does to the files of one folder, so that the disk can be rebuilt as a power loss leaves it.
 *
 * Loaded with LD_PRELOAD. RECORD_FOLDER is the absolute path of the folder, RECORD_TO the file of the recording, which
 * lies outside of it. Each event is a struct event followed by `size` bytes, appended when the call has succeeded, with
 * the times at which it began and ended (CLOCK_MONOTONIC, nanoseconds). What is written through mmap is not seen: SQLite
 * does that to its -shm file only, which is no durable data.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "offsets have 64 bits");

enum kind { OPEN = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME };

struct event {
  int32_t kind, fd;
  int64_t begun, ended, offset, size;
};

enum { MOST_FDS = 65536 };
static volatile char followed[MOST_FDS];
static const char *folder;
static size_t folder_length;
static int recording = -1;
static pthread_mutex_t appending = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *to = getenv("RECORD_TO");
  folder = getenv("RECORD_FOLDER");
  if (!to || !folder) return;
  folder_length = strlen(folder);
  recording = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (recording < 0) abort();
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int is_inside(const char *path) {
  return recording >= 0 && !strncmp(path, folder, folder_length) &&
         (path[folder_length] == '/' || path[folder_length] == '\0');
}

static int is_followed(int fd) { return fd >= 0 && fd < MOST_FDS && followed[fd]; }

/* A recording with a hole would prove what is not so: better no process than that. */
static void append(enum kind kind, int fd, int64_t begun, int64_t offset, const void *data, size_t size) {
  pthread_mutex_lock(&appending);
  struct event event = {kind, fd, begun, now(), offset, (int64_t)size};
  struct iovec parts[] = {{&event, sizeof event}, {(void *)data, size}};
  if (syscall(SYS_writev, recording, parts, 2) != (ssize_t)(sizeof event + size)) abort();
  pthread_mutex_unlock(&appending);
}

static int opened(const char *path, int flags, int mode) {
  int64_t begun = now();
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  int inside = fd >= 0 && is_inside(path);
  if (inside && fd >= MOST_FDS) abort();
  if (fd >= 0 && fd < MOST_FDS) followed[fd] = (char)inside;
  if (inside) append(OPEN, fd, begun, 0, path, strlen(path));
  return fd;
}

static int mode_of(int flags, va_list more) { return flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, int) : 0; }

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = mode_of(flags, more);
  va_end(more);
  return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = mode_of(flags, more);
  va_end(more);
  return opened(path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
  if (fd >= 0 && fd < MOST_FDS) followed[fd] = 0;
  return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *data, size_t size) {
  if (!is_followed(fd)) return syscall(SYS_write, fd, data, size);
  int64_t begun = now();
  int64_t offset = syscall(SYS_lseek, fd, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_write, fd, data, size);
  if (done > 0) append(WRITE, fd, begun, offset, data, (size_t)done);
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  int64_t begun = now();
  ssize_t done = syscall(SYS_pwrite64, fd, data, size, offset);
  if (done > 0 && is_followed(fd)) append(WRITE, fd, begun, offset, data, (size_t)done);
  return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

int ftruncate64(int fd, off64_t size) {
  int64_t begun = now();
  int result = (int)syscall(SYS_ftruncate, fd, size);
  if (!result && is_followed(fd)) append(TRUNCATE, fd, begun, size, "", 0);
  return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int synced(long call, int fd) {
  int64_t begun = now();
  int result = (int)syscall(call, fd);
  if (!result && is_followed(fd)) append(SYNC, fd, begun, 0, "", 0);
  return result;
}

int fsync(int fd) { return synced(SYS_fsync, fd); }

int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }

int unlink(const char *path) {
  int64_t begun = now();
  int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (!result && is_inside(path)) append(UNLINK, -1, begun, 0, path, strlen(path));
  return result;
}

int rename(const char *old, const char *new) {
  int64_t begun = now();
  int result = (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
  if (result || !(is_inside(old) || is_inside(new))) return result;
  size_t first = strlen(old) + 1, second = strlen(new);
  char *both = malloc(first + second);
  if (!both) abort();
  memcpy(both, old, first);
  memcpy(both + first, new, second);
  append(RENAME, -1, begun, 0, both, first + second);
  free(both);
  return result;
}
