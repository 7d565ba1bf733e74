#include "runtime/platform.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

namespace wengert::runtime::platform {

void* map_pages(size_t bytes, size_t alignment, bool huge) noexcept {
  static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t slack = alignment > page ? alignment : 0;
  if (bytes + slack < bytes) return nullptr;
  void* raw = mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  char* p = static_cast<char*>(raw);
  if (slack != 0) {
    const size_t skip = (alignment - reinterpret_cast<uintptr_t>(raw) % alignment) % alignment;
    if (skip != 0) munmap(p, skip);
    p += skip;
    if (skip != slack) munmap(p + bytes, slack - skip);
  }
#if defined(MADV_HUGEPAGE)
  if (huge) madvise(p, bytes, MADV_HUGEPAGE);
#else
  static_cast<void>(huge);
#endif
  return p;
}

void unmap_pages(void* p, size_t bytes) noexcept { munmap(p, bytes); }

namespace {

#if defined(__linux__)
// The quota in CPUs, rounded up, of one control group directory; 0 if it has none.
int cgroup_quota(const std::string& directory) {
  double quota = -1, period = 0;
  if (std::ifstream v2(directory + "/cpu.max"); v2) {
    v2 >> quota >> period;  // "max 100000" leaves quota at 0: no limit
  } else {
    std::ifstream(directory + "/cpu.cfs_quota_us") >> quota;
    std::ifstream(directory + "/cpu.cfs_period_us") >> period;
  }
  if (!(quota > 0) || !(period > 0)) return 0;
  const int64_t cpus = static_cast<int64_t>((quota + period - 1) / period);
  return static_cast<int>(std::clamp<int64_t>(cpus, 1, 1 << 20));
}

// Every ancestor of the process's own group may set a quota; the least counts.
int least_cgroup_quota() {
  int least = 0;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string root = "/sys/fs/cgroup";
    if (controllers != ",,") {
      if (controllers.find(",cpu,") == std::string::npos) continue;
      root += "/cpu";
    }
    std::string path = line.substr(second + 1);
    if (path == "/") path.clear();
    for (;;) {
      const int quota = cgroup_quota(root + path);
      if (quota != 0 && (least == 0 || quota < least)) least = quota;
      if (path.empty()) break;
      path.erase(std::min(path.rfind('/'), path.size() - 1));
    }
  }
  return least;
}
#endif

}  // namespace

int cpu_count() {
  int n = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  // The mask may be larger than cpu_set_t; the kernel then refuses the smaller sizes.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const size_t size = CPU_ALLOC_SIZE(cpus);
    const bool ok = sched_getaffinity(0, size, set) == 0;
    if (ok) n = CPU_COUNT_S(size, set);
    CPU_FREE(set);
    if (ok) break;
  }
  if (const int quota = least_cgroup_quota(); quota != 0) n = std::min(n, quota);
#endif
  return std::max(n, 1);
}

void on_fork(void (*prepare)(), void (*parent)(), void (*child)()) {
  pthread_atfork(prepare, parent, child);
}

bool on_thread_exit(void (*f)(void*), void* argument) noexcept {
  // A key's destructor runs after the destructors of thread_local objects, which may still free.
  static pthread_key_t key;
  static const bool created = pthread_key_create(&key, f) == 0;
  return created && pthread_setspecific(key, argument) == 0;
}

void* open_library(const std::string& path) noexcept {
  return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
}

void* find_symbol(void* library, const char* name) noexcept { return dlsym(library, name); }

std::string directory_of(const void* address) {
  Dl_info info;
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "";
  std::string file = info.dli_fname;
#if defined(__linux__)
  // For the program itself this is argv[0], which need not name a file from here.
  if (file.front() != '/') {
    char target[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", target, sizeof target);
    if (n > 0) file.assign(target, static_cast<size_t>(n));
  }
#endif
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

ScopedEnv::ScopedEnv(const char* name, const char* value) : name_(name) {
  if (const char* before = getenv(name)) before_ = before;
  setenv(name, value, 1);
}

ScopedEnv::~ScopedEnv() {
  if (before_) {
    setenv(name_, before_->c_str(), 1);
  } else {
    unsetenv(name_);
  }
}

uint64_t random_seed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace wengert::runtime::platform
