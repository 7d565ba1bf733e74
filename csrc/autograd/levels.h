// Nested transforms (forward mode, vmap) and what they attach to tensors.
#pragma once

#include "autograd/meta.h"
#include "autograd/mode.h"

WENGERT_NAMESPACE_BEGIN

inline Levels* levels_of(const TensorImpl& t) {
  return t.has(kHasLevels) ? t.meta->levels.get() : nullptr;
}
Levels& make_levels(TensorImpl& t);
// Makes `t` stand for examples at a level of vmap.
void set_examples(TensorImpl& t, Tensor examples, uint64_t level, bool same);
// Gives `to`, which shows the same elements as `from`, what transforms have attached to that.
void copy_levels(TensorImpl& to, const TensorImpl& from);

// The same elements without their history, but with what transforms have attached.
Tensor without_history(const Tensor& t);

// The tangent at a level; undefined where there is none. A view's is a view of its base's, also
// where the base came by one, in place, after the view was made.
Tensor tangent_at(const TensorImpl& t, uint64_t level);
// Whether the tangents of `t` are views of its base's.
inline bool shares_tangents(const TensorImpl& t) {
  return t.has(kIsView) && !t.meta->apart && t.meta->base.impl()->storage == t.storage;
}
void set_tangent(TensorImpl& t, uint64_t level, Tensor tangent);

// The levels of this thread, those above the one that is running too.
const std::vector<uint64_t>& open_levels();

// Calls f with what the node has saved of an output: the same values under another header, or what
// carries the tangents of a packed one.
template <class F>
void for_saved_copies(Node& n, uint32_t output_nr, F&& f) {
  for (int k = 0; k < n.n_saved; ++k) {
    const Saved& s = n.saved()[k];
    if (!s.is_output || s.output_nr != output_nr || !s.tensor) continue;
    f(s.is_packed ? *tangents_of_packed(s).impl() : *s.tensor);
  }
}

// Whether derivatives by `t` may be taken outside of a level of vmap.
bool is_differentiated(const Tensor& t, uint64_t inside);

// The examples that `t` stands for at a level of vmap; nullptr where it does not.
inline const Levels* batched_at(const TensorImpl& t, uint64_t level) {
  if (!t.has(kBatched)) return nullptr;
  const Levels& l = *t.meta->levels;
  return l.batch_level == level ? &l : nullptr;
}

// A level of the stack: a transform with a number.
class Level : public Transform {
 public:
  explicit Level(uint32_t bit);
  ~Level() override;
  uint64_t number() const { return number_; }

 private:
  uint64_t number_;
};

// While it lives, operations are recorded for gradients that are taken of each example by itself,
// in the level of vmap that is innermost when it is made.
class GradientLevel {
 public:
  GradientLevel();
  ~GradientLevel();
  void end();
  GradientLevel(const GradientLevel&) = delete;
  GradientLevel& operator=(const GradientLevel&) = delete;

 private:
  std::shared_ptr<int> count_;
};

// A gradient of a function is being taken: tensors made in inference mode may be saved for it.
bool in_gradient_scope();
// A tensor with the elements of `t` to differentiate by: a leaf, or linked to t's own history.
Tensor fresh_variable(const Tensor& t);

// Uninitialised memory for random numbers: for all examples where each has numbers of its own.
Tensor empty_to_draw(Dims shape, DType dtype);
// How many numbers that are for n of one example.
int64_t count_to_draw(int64_t n);
// All the examples that `t` stands for, at every level; `t` itself where it does for none.
Tensor all_examples(const Tensor& t);

WENGERT_NAMESPACE_END
