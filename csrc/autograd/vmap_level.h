// A level of vmap on the stack of transforms.
#pragma once

#include <memory>

#include "autograd/levels.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

class VmapLevel final : public Level {
 public:
  VmapLevel(int64_t size, Randomness randomness);

  int64_t size() const { return size_; }
  Randomness randomness() const { return randomness_; }
  // How many gradients of each example are being taken inside.
  const std::shared_ptr<int>& gradients() const { return gradients_; }
  // One of the examples along dimension 0, or with `same` a tensor that is each of them.
  Tensor wrap(const Tensor& examples, bool same = false) const;
  void run(OpCall& call) override;

 private:
  void check_randomness(const OpCall& call, bool batched) const;
  std::vector<Tensor> spread(const OpCall& call) const;
  bool any_batched(const OpCall& call) const;
  void out_of_place(OpCall& call, bool batched);
  bool is_recorded_below(const OpCall& call) const;
  void in_place(OpCall& call, bool differentiated);

  int64_t size_;
  Randomness randomness_;
  bool recorded_outside_;
  std::shared_ptr<int> gradients_;
};

// The level of vmap that is innermost on this thread; nullptr if there is none.
const VmapLevel* innermost_vmap();

WENGERT_NAMESPACE_END
