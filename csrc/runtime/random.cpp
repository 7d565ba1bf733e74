#include "wengert/random.h"

#include <array>
#include <mutex>

#include "runtime/platform.h"
#include "runtime/random_observer.h"

namespace wengert::runtime {
thread_local constinit RandomObserver* random_observer = nullptr;
}

WENGERT_NAMESPACE_BEGIN

using wengert::runtime::random_observer;

struct Generator::Impl {
  State state;
  uint64_t initial_seed;
};

namespace {

// Generators share a few locks, so that a fork can hold them all: a child must not find one that
// another thread of its parent had taken.
using Locks = std::array<std::mutex, 16>;

Locks& locks() {
  static Locks* const all = [] {
    Locks* fresh = new Locks;
    runtime::platform::on_fork(
        [] {
          for (std::mutex& m : locks()) m.lock();
        },
        [] {
          for (std::mutex& m : locks()) m.unlock();
        },
        [] {
          for (std::mutex& m : locks()) m.unlock();
        });
    return fresh;
  }();
  return *all;
}

std::mutex& lock_of(const void* impl) {
  return locks()[(reinterpret_cast<uintptr_t>(impl) / 64) % 16];
}

}  // namespace

Generator::Generator(uint64_t seed) : impl_(new Impl{{seed, 0}, seed}) {}

void Generator::replace(State s, bool seeded) {
  State before;
  {
    std::lock_guard guard(lock_of(impl_.get()));
    before = impl_->state;
    *impl_ = {s, s.seed};
  }
  if (random_observer) [[unlikely]]
    random_observer->replaced(*this, before, s, seeded);
}

void Generator::manual_seed(uint64_t seed) { replace({seed, 0}, true); }

uint64_t Generator::seed() {
  const uint64_t fresh = runtime::platform::random_seed();
  manual_seed(fresh);
  return fresh;
}

uint64_t Generator::initial_seed() const {
  std::lock_guard guard(lock_of(impl_.get()));
  return impl_->initial_seed;
}

Generator::State Generator::state() const {
  std::lock_guard guard(lock_of(impl_.get()));
  return impl_->state;
}

void Generator::set_state(State s) { replace(s, false); }

Generator::State Generator::advance(uint64_t blocks) {
  State before;
  {
    std::lock_guard guard(lock_of(impl_.get()));
    before = impl_->state;
    impl_->state.offset += blocks;
  }
  if (random_observer) [[unlikely]]
    random_observer->drawn(*this, before, blocks);
  return before;
}

Generator& default_generator() {
  static Generator* const generator = new Generator;
  return *generator;
}

void manual_seed(uint64_t seed) { default_generator().manual_seed(seed); }

WENGERT_NAMESPACE_END
