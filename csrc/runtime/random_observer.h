// Sees what a thread draws from generators.
#pragma once

#include "wengert/random.h"

namespace wengert::runtime {

class RandomObserver {
 public:
  virtual ~RandomObserver() = default;
  // The generator was at `before` and has given `blocks` counter values away.
  virtual void drawn(const Generator& g, Generator::State before, uint64_t blocks) = 0;
  // Its state was replaced; by that of a seed if `seeded`.
  virtual void replaced(const Generator& g, Generator::State before, Generator::State after,
                        bool seeded) = 0;
};
// Watches this thread, if anybody does.
extern thread_local constinit RandomObserver* random_observer;

}  // namespace wengert::runtime
