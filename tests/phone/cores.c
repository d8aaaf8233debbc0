/* Lets a program of a simulated phone believe in that phone's cores, of which this machine has not as many:
   what it pins itself to is remembered and read back, and /proc/self/status is the phone's. */
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>

extern long syscall(long number, ...);

static unsigned char pinned[128];
static size_t pinned_size;

int sched_setaffinity(int pid, size_t size, const void* mask) {
  (void)pid;
  pinned_size = size < sizeof pinned ? size : sizeof pinned;
  for (size_t i = 0; i < pinned_size; ++i) pinned[i] = ((const unsigned char*)mask)[i];
  return 0;
}

int sched_getaffinity(int pid, size_t size, void* mask) {
  if (pinned_size == 0) return syscall(SYS_sched_getaffinity, pid, size, mask) < 0 ? -1 : 0;
  for (size_t i = 0; i < size; ++i) ((unsigned char*)mask)[i] = i < pinned_size ? pinned[i] : 0;
  return 0;
}

static int is_status(const char* path) {
  const char* status = "/proc/self/status";
  while (*path && *path == *status) ++path, ++status;
  return *path == *status;
}

static int open_at(const char* path, int flags, int mode) {
  return syscall(SYS_openat, AT_FDCWD, is_status(path) ? "/phone/status" : path, flags, mode);
}

#define OPEN(name)                                    \
  int name(const char* path, int flags, ...) {        \
    va_list list;                                     \
    va_start(list, flags);                            \
    int mode = flags & O_CREAT ? va_arg(list, int) : 0; \
    va_end(list);                                     \
    return open_at(path, flags, mode);                \
  }

OPEN(open)
OPEN(open64)
