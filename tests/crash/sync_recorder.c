// Stands before the C library of a program that is to lose its power, and records what it syncs,
// creates, renames, links and deletes: LostPower reads it. WHERRY_SYNC_RECORD names the folder.
// What a rename or a deletion takes away is kept there by another name.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char* Folder(void) { return getenv("WHERRY_SYNC_RECORD"); }

static void Record(const char* call, const char* number, const char* path, const char* other) {
  char line[2 * PATH_MAX + 64];
  char file[PATH_MAX];
  const int size = snprintf(line, sizeof line, "%s\t%s\t%s\t%s\n", call, number, path, other);
  if (size < 0 || (size_t)size >= sizeof line) abort();
  snprintf(file, sizeof file, "%s/record", Folder());
  static int (*real_open)(const char*, int, ...);
  if (real_open == NULL) real_open = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open");
  const int saved = errno;
  const int fd = real_open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // In one call, so that those of several threads do not mix.
  if (fd < 0 || write(fd, line, (size_t)size) != size) abort();
  close(fd);
  errno = saved;
}

static int Open(const char* name, const char* path, int flags, mode_t mode) {
  int (*real)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, name);
  const int fresh = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  const int fd = real(path, flags, mode);
  if (fd >= 0 && fresh) Record("created", "-", path, "");
  return fd;
}

static mode_t ModeOf(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return Open("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return Open("open64", path, flags, mode);
}

// The size is taken before: what is written meanwhile need not be synced.
static int Sync(const char* name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  struct stat status;
  const int known = fstat(fd, &status) == 0;
  const int result = real(fd);
  if (result != 0 || !known) return result;
  char link[64], path[PATH_MAX], size[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return result;
  path[length] = '\0';
  snprintf(size, sizeof size, "%lld", (long long)status.st_size);
  Record(S_ISDIR(status.st_mode) ? "directory" : "synced", size, path, "");
  return result;
}

int fsync(int fd) { return Sync("fsync", fd); }
int fdatasync(int fd) { return Sync("fdatasync", fd); }

// Another name for what is at the path; "-" where nothing is.
static void Keep(const char* path, char* name, size_t size) {
  static atomic_int count;
  char kept[PATH_MAX];
  snprintf(name, size, "kept-%d-%d", (int)getpid(), atomic_fetch_add(&count, 1));
  snprintf(kept, sizeof kept, "%s/%s", Folder(), name);
  const int saved = errno;
  static int (*real_link)(const char*, const char*);
  if (real_link == NULL) real_link = (int (*)(const char*, const char*))dlsym(RTLD_NEXT, "link");
  if (real_link(path, kept) != 0) snprintf(name, size, "-");
  errno = saved;
}

int rename(const char* from, const char* to) {
  int (*real)(const char*, const char*) =
      (int (*)(const char*, const char*))dlsym(RTLD_NEXT, "rename");
  char name[64];
  Keep(to, name, sizeof name);
  const int result = real(from, to);
  if (result == 0) Record("renamed", name, from, to);
  return result;
}

int unlink(const char* path) {
  int (*real)(const char*) = (int (*)(const char*))dlsym(RTLD_NEXT, "unlink");
  char name[64];
  Keep(path, name, sizeof name);
  const int result = real(path);
  if (result == 0) Record("deleted", name, path, "");
  return result;
}

// One more name for what was synced: RocksDB gives one to a table that it takes over.
int link(const char* from, const char* to) {
  int (*real)(const char*, const char*) =
      (int (*)(const char*, const char*))dlsym(RTLD_NEXT, "link");
  const int result = real(from, to);
  if (result == 0) Record("linked", "-", from, to);
  return result;
}
