#include "wengert/runtime.h"

#include <memory>
#include <mutex>
#include <vector>

#include "capi/call.h"

namespace wg = wengert;
using wg::capi::Call;
using wg::capi::guard;

wg_status wg_set_num_threads(int32_t n) {
  return guard(__func__, [&](const Call&) { wg::set_num_threads(n); });
}
wg_status wg_num_threads(int32_t* n) {
  return guard(__func__,
               [&](const Call& c) { c.give(n, static_cast<int32_t>(wg::num_threads())); });
}

namespace {

class HostExecutor : public wg::Executor {
 public:
  using Run = void (*)(void*, int64_t, void (*)(void*, int64_t), void*);
  HostExecutor(int32_t (*concurrency)(void*), Run run, void* context)
      : concurrency_(concurrency), run_(run), context_(context) {}
  int concurrency() const override { return concurrency_(context_); }
  void run(int64_t n, void (*task)(void*, int64_t), void* work) override {
    run_(context_, n, task, work);
  }

 private:
  int32_t (*concurrency_)(void*);
  Run run_;
  void* context_;
};

class HostAllocator : public wg::Allocator {
 public:
  using Allocate = void* (*)(void*, size_t, size_t);
  using Deallocate = void (*)(void*, void*, size_t, size_t);
  HostAllocator(Allocate allocate, Deallocate deallocate, void* context)
      : allocate_(allocate), deallocate_(deallocate), context_(context) {}
  void* allocate(size_t bytes, size_t alignment) noexcept override {
    return allocate_(context_, bytes, alignment);
  }
  void deallocate(void* p, size_t bytes, size_t alignment) noexcept override {
    deallocate_(context_, p, bytes, alignment);
  }

 private:
  Allocate allocate_;
  Deallocate deallocate_;
  void* context_;
};

// What was set before may still be in use by other threads: the few bytes of each stay.
template <class Host>
Host* keep(std::unique_ptr<Host> host) {
  static std::mutex mutex;
  static auto* kept = new std::vector<std::unique_ptr<Host>>;
  const std::lock_guard lock(mutex);
  return kept->emplace_back(std::move(host)).get();
}

void check_both(const Call& c, bool first, bool second) {
  WG_CHECK(first == second, wg::ValueError, c.function,
           ": expected two functions, or NULL for both");
}

}  // namespace

wg_status wg_set_executor(int32_t (*concurrency)(void* context),
                          void (*run)(void* context, int64_t n, void (*task)(void* work, int64_t i),
                                      void* work),
                          void* context) {
  return guard(__func__, [&](const Call& c) {
    check_both(c, concurrency != nullptr, run != nullptr);
    wg::set_executor(run ? keep(std::make_unique<HostExecutor>(concurrency, run, context))
                         : nullptr);
  });
}
wg_status wg_set_allocator(void* (*allocate)(void* context, size_t bytes, size_t alignment),
                           void (*deallocate)(void* context, void* p, size_t bytes,
                                              size_t alignment),
                           void* context) {
  return guard(__func__, [&](const Call& c) {
    check_both(c, allocate != nullptr, deallocate != nullptr);
    wg::set_allocator(
        allocate ? keep(std::make_unique<HostAllocator>(allocate, deallocate, context)) : nullptr);
  });
}

wg_status wg_memory(uint64_t* allocated, uint64_t* peak) {
  return guard(__func__, [&](const Call&) {
    const wg::MemoryStats stats = wg::memory_stats();
    if (allocated) *allocated = stats.allocated;
    if (peak) *peak = stats.peak_allocated;
  });
}
wg_status wg_set_memory_limit(uint64_t bytes) {
  return guard(__func__, [&](const Call&) { wg::set_memory_limit(bytes); });
}
wg_status wg_trim_memory(void) {
  return guard(__func__, [&](const Call&) { wg::trim_memory(); });
}
