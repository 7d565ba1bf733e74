// What differs between operating systems and processors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace wengert::runtime::platform {

// ---- memory -------------------------------------------------------------------------------
// Fresh zeroed pages; `alignment` is a power of two. `huge` advises huge pages. nullptr: refused.
void* map_pages(size_t bytes, size_t alignment, bool huge) noexcept;
void unmap_pages(void* p, size_t bytes) noexcept;

// ---- processor ----------------------------------------------------------------------------
struct CpuInfo {
  int x86_level = 0;  // level of the x86-64 psABI that processor and system support; 0 elsewhere
  bool avx512_bf16 = false;
  bool fast_pairs = false;  // products of vectors of bfloat16 run at the rate of multiply-adds
  bool avx512_vnni = false;
  bool amx_bf16 = false;  // with avx512_bf16; the system saves its tiles if processes ask for them
  std::string model;
};
CpuInfo cpu_info();
// Asks the system for the use of AMX's tiles in this process; false: it refuses.
bool ask_for_tiles() noexcept;

// CPUs this process may use: its affinity mask, bounded by the quota of its control groups.
int cpu_count();

// Tells the core that the thread is spinning.
inline void spin_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// ---- threads and processes ----------------------------------------------------------------
// Calls `prepare` before a fork, and then `parent` and `child` on the two sides; any may be null.
void on_fork(void (*prepare)(), void (*parent)(), void (*child)());

// Calls f(argument) when the calling thread ends, after its thread_local objects are destroyed.
// `f` is the same function in every call; argument must not be null. False: cannot be arranged.
bool on_thread_exit(void (*f)(void*), void* argument) noexcept;

// ---- libraries, environment, randomness ---------------------------------------------------
// The symbols stay private to the handle; it is never closed. nullptr: not loadable.
void* open_library(const std::string& path) noexcept;
void* find_symbol(void* library, const char* name) noexcept;

// Directory of the shared library or program that contains `address`; "" if unknown.
std::string directory_of(const void* address);

// Sets an environment variable and puts back what was there before.
class ScopedEnv {
 public:
  ScopedEnv(const char* name, const char* value);
  ~ScopedEnv();
  ScopedEnv(const ScopedEnv&) = delete;
  ScopedEnv& operator=(const ScopedEnv&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

uint64_t random_seed();  // from the operating system

}  // namespace wengert::runtime::platform
