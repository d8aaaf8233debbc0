// Makes sure that every symbol of libtorch is bound before anything is timed.
//
// With lazy binding the first call of each function goes through the dynamic linker, also inside the
// timed runs. LD_BIND_NOW=1 is read by the dynamic linker at start only, so a process that lacks it is
// started again with it. This stands in .preinit_array, which runs before the constructors of libtorch:
// the restart costs the mapping of the libraries, not their set-up. Neither malloc nor iostreams are
// safe here.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace {

constexpr char kSetting[] = "LD_BIND_NOW=1";
constexpr size_t kMaxBytes = 256 * 1024;
constexpr size_t kMaxWords = 8 * 1024;

char command_line[kMaxBytes + 1];
char* arguments[kMaxWords + 1];
char* environment[kMaxWords + 2];

[[noreturn]] void refuse(const char* why) {
  const char* parts[] = {"speed_benchmark: symbols would be bound lazily, which spoils every figure, and a restart with "
                         "LD_BIND_NOW=1 failed: ",
                         why, ". Set LD_BIND_NOW=1 in the environment and start again.\n"};
  for (const char* part : parts) {
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  }
  _exit(3);
}

// The command line as the kernel got it. Under an explicit loader (`ld-linux-aarch64.so.1
// --library-path . ./speed_benchmark …`) /proc/self/exe is that loader, and argv no longer holds the
// loader's own words; these do.
void read_command_line() {
  const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) refuse("/proc/self/cmdline can't be read");
  size_t size = 0;
  for (;;) {
    const ssize_t got = read(fd, command_line + size, kMaxBytes - size);
    if (got < 0) refuse("/proc/self/cmdline can't be read");
    if (got == 0) break;
    size += static_cast<size_t>(got);
    if (size == kMaxBytes) refuse("the command line is longer than 256 KiB");
  }
  close(fd);
  size_t count = 0;
  for (size_t at = 0; at < size; at += strlen(command_line + at) + 1) {
    if (count == kMaxWords) refuse("the command line has more than 8192 words");
    arguments[count++] = command_line + at;
  }
}

void restart_unless_bound(int, char**, char** envp) {
  constexpr size_t name = sizeof("LD_BIND_NOW=") - 1;
  size_t count = 0;
  for (char** entry = envp; *entry != nullptr; ++entry) {
    if (strncmp(*entry, kSetting, name) == 0) {
      if ((*entry)[name] != '\0') return;
      continue;  // set but empty, which the dynamic linker takes for unset
    }
    if (count == kMaxWords) refuse("the environment has more than 8192 entries");
    environment[count++] = *entry;
  }
  environment[count] = const_cast<char*>(kSetting);
  read_command_line();
  execve("/proc/self/exe", arguments, environment);
  refuse("/proc/self/exe can't be executed");
}

__attribute__((section(".preinit_array"), used)) void (*const restart)(int, char**, char**) = restart_unless_bound;

}  // namespace
