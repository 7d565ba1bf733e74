// What a host program may set and ask: threads, memory, and the machine as the library sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

// ---- threads ------------------------------------------------------------------------------
// Threads that a single operation may use. No thread is started before the first operation that
// needs one. Default: the number of CPUs this process may run on. Results do not depend on it.
WENGERT_API int num_threads();
WENGERT_API void set_num_threads(int n);  // Error unless n >= 1

// Whether the arithmetic of operations called by this thread takes and gives zero for denormal
// numbers, on whatever threads it runs. False, and nothing changed, where processors cannot.
WENGERT_API bool set_flush_denormal(bool flush);

// A host may run the library's parallel work on its own threads.
class WENGERT_API Executor {
 public:
  virtual ~Executor() = default;
  // How many tasks are worth running at once.
  virtual int concurrency() const = 0;
  // Calls task(context, i) once for every i in [0, n), in any order and on any threads, and
  // returns after the last has finished. The tasks do not throw.
  virtual void run(int64_t n, void (*task)(void* context, int64_t i), void* context) = 0;
};
// nullptr gives the work back to the library's own pool. The executor must outlive its use.
WENGERT_API void set_executor(Executor* executor);

// ---- memory -------------------------------------------------------------------------------
// Blocks up to 64 KiB count with the size of their class, larger ones with the bytes asked for.
// Threads keep small blocks (at most 2 MiB a thread) that they reuse without telling: between two
// of their visits to the shared pool, the peak and the memory limit do not see them change.
struct MemoryStats {
  uint64_t allocated;           // bytes in live tensors and graph nodes
  uint64_t peak_allocated;      // highest `allocated` since start or the last reset
  uint64_t cached;              // bytes kept for reuse
  uint64_t live_blocks;         // number of live allocations
  uint64_t system_allocations;  // how often the operating system or the host was asked
};
WENGERT_API MemoryStats memory_stats();
WENGERT_API void reset_peak_memory();
// Gives cached memory back to where it came from.
WENGERT_API void trim_memory();
// No more than this many bytes in live tensors; an allocation beyond it throws OutOfMemoryError
// and leaves everything as it was. 0 means no limit.
WENGERT_API void set_memory_limit(uint64_t bytes);
// No more than this many bytes are kept for reuse (default 1 GiB).
WENGERT_API void set_cache_limit(uint64_t bytes);

// A host may supply the memory of all tensors and graphs. It is asked for large blocks: 2 MiB
// aligned to 2 MiB, from which blocks up to 64 KiB are cut, and each larger block by itself; freed
// ones are kept for reuse within the cache limit. Limits and statistics go on as before.
class WENGERT_API Allocator {
 public:
  virtual ~Allocator() = default;
  // Any thread may call it. nullptr, or an address that is not a multiple of the alignment (a power
  // of two), makes the operation throw OutOfMemoryError.
  virtual void* allocate(size_t bytes, size_t alignment) noexcept = 0;
  // With the sizes of the request.
  virtual void deallocate(void* p, size_t bytes, size_t alignment) noexcept = 0;
};
// nullptr goes back to the operating system. A block returns to where it came from, so an allocator
// is replaced only while no block is in use: before the first tensor is made, or after all are gone
// and every other thread of the host that used the library has ended (the library's own threads end
// here, and start again when they are needed). Error, and nothing changed, otherwise.
// The allocator must outlive its use.
WENGERT_API void set_allocator(Allocator* allocator);

// ---- configuration ------------------------------------------------------------------------
struct Config {
  std::string version;
  std::string isa;        // "x86-64-v4", "x86-64-v3", "x86-64-v2", "generic"
  std::string cpu;        // model name
  std::string blas;       // what the loaded BLAS says of itself; "" where there is none
  std::string blas_core;  // its kernel family, such as "SkylakeX"
  int threads;
};
WENGERT_API Config config();

WENGERT_NAMESPACE_END
