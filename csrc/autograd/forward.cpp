// Forward mode: tangents are carried beside the values of every operation.
#include <algorithm>
#include <optional>

#include "autograd/algebra.h"
#include "autograd/execute.h"
#include "autograd/inspect.h"
#include "autograd/jvp.h"
#include "autograd/levels.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {

std::atomic<uint64_t> rules_used{0}, fallbacks_used{0};

Tensor zeros_like(const Tensor& t) { return algebra::new_zeros(t, t.shape(), t.dtype()); }

}  // namespace

Jvp::Jvp(const OpCall& call, uint64_t level)
    : call_(call),
      tangents_(static_cast<size_t>(call.n_inputs)),
      results_(static_cast<size_t>(call.n_outputs)) {
  for (int i = 0; i < call.n_inputs; ++i) {
    if (call.inputs[i]) tangents_[static_cast<size_t>(i)] = tangent_at(*call.inputs[i], level);
  }
}

Tensor Jvp::tangent_or_zeros(int i) const { return has(i) ? tangent(i) : zeros_like(in(i)); }

void Jvp::add(int k, const Tensor& t) {
  Tensor& sum = results_[static_cast<size_t>(k)];
  sum = sum.defined() ? algebra::add(sum, t) : t;
}

// Hooks on saved values see those of the operations only, not what tangents are computed with: so
// they are the same with and without forward mode.
class NoPacking {
 public:
  NoPacking() : before_(thread_mode.word & kPacking) { thread_mode.word &= ~uint32_t{kPacking}; }
  ~NoPacking() { thread_mode.word |= before_; }
  NoPacking(const NoPacking&) = delete;
  NoPacking& operator=(const NoPacking&) = delete;

 private:
  uint32_t before_;
};

class ForwardLevel final : public Level {
 public:
  ForwardLevel() : Level(kForwardMode) {}

  void run(OpCall& call) override {
    bool any = false;
    for (int i = 0; i < call.n_inputs; ++i) {
      any |= call.inputs[i] && tangent_at(*call.inputs[i], number()).defined();
    }
    if (!any) {
      run_transformed(call);
    } else if (call.in_place) {
      run_in_place(call);
    } else {
      run_dual(call);
    }
  }

  // Tangents with a history may hold the tensors that hold them.
  void release() {
    for (const Tensor& t : holders_) set_tangent(*t.impl(), number(), {});
    holders_.clear();
  }

 private:
  void give(TensorImpl& t, const Tensor& tangent) {
    set_tangent(t, number(), tangent);
    if (tangent.requires_grad()) holders_.push_back(Tensor::share(&t));
  }

  static bool carries(const OpClass& cls) {
    return cls.tangents != Tangents::none && (cls.vjp || cls.tangents != Tangents::by_vjp);
  }

  void run_dual(OpCall& call) {
    const OpClass& cls = call.cls;
    if (!carries(cls)) {
      run_transformed(call);
      return;
    }
    Jvp j(call, number());
    const uint64_t before = thread_mode.last_node;
    if (cls.jvp || cls.tangents != Tangents::by_vjp) {
      run_transformed(call);
      rules_used.fetch_add(1, std::memory_order_relaxed);
      const NoPacking off;
      if (cls.jvp) {
        cls.jvp(call.op, j);
      } else if (cls.tangents == Tangents::linear) {
        linear(call, j);
      } else {
        multilinear(call, j);
      }
    } else {
      fallbacks_used.fetch_add(1, std::memory_order_relaxed);
      by_vjp(call, j);
    }
    for (int k = 0; k < call.n_outputs; ++k) {
      Tensor& t = j.results_[static_cast<size_t>(k)];
      const Tensor& out = call.outputs[k];
      if (!t.defined() || !out.defined() || !is_differentiable(out.dtype())) continue;
      if (t.dtype() != out.dtype()) t = algebra::cast(t, out.dtype());
      if (!(t.shape() == out.shape())) t = algebra::expand(t, out.shape());
      // A change in place of the output is one of its tangent too, and of no other.
      if (!cls.view && (!t.impl()->unique() || shows_dual(*t.impl()))) t = algebra::clone(t);
      give(*out.impl(), t);
      if (Node* n = out.impl()->grad_fn) give_to_saved(*n, out.impl()->output_nr, cls, before, t);
    }
  }

  // A view of a dual number would be taken for one.
  bool shows_dual(const TensorImpl& t) const {
    return shares_tangents(t) && tangent_at(*t.meta->base.impl(), number()).defined();
  }

  // The copies of outputs that their node has saved show the same values.
  void give_to_saved(Node& n, uint32_t output_nr, const OpClass& cls, uint64_t before,
                     const Tensor& tangent) {
    if (n.cls != &cls || n.number <= before) return;
    for_saved_copies(n, output_nr, [&](TensorImpl& saved) { give(saved, tangent); });
  }

  // The operation on other inputs, below this level.
  static std::vector<Tensor> apply(const OpCall& call, const std::vector<TensorImpl*>& inputs) {
    std::vector<Tensor> outputs(static_cast<size_t>(call.n_outputs));
    OpCall other{call.cls, call.op, inputs.data(), call.n_inputs, outputs.data(), call.n_outputs};
    run_transformed(other);
    return outputs;
  }

  static void linear(const OpCall& call, Jvp& j) {
    std::vector<Tensor> zeros;
    std::vector<TensorImpl*> inputs(call.inputs, call.inputs + call.n_inputs);
    for (int i = 0; i < call.n_inputs; ++i) {
      TensorImpl*& in = inputs[static_cast<size_t>(i)];
      if (!in || !is_differentiable(in->dtype)) continue;
      if (j.has(i)) {
        in = j.tangent(i).impl();
      } else {
        zeros.push_back(zeros_like(j.in(i)));
        in = zeros.back().impl();
      }
    }
    j.results_ = apply(call, inputs);
  }

  static void multilinear(const OpCall& call, Jvp& j) {
    for (int i = 0; i < call.n_inputs; ++i) {
      if (!j.has(i)) continue;
      std::vector<TensorImpl*> inputs(call.inputs, call.inputs + call.n_inputs);
      inputs[static_cast<size_t>(i)] = j.tangent(i).impl();
      const std::vector<Tensor> outputs = apply(call, inputs);
      for (int k = 0; k < call.n_outputs; ++k) j.add(k, outputs[static_cast<size_t>(k)]);
    }
  }

  // The vjp is linear in the gradient u, so its own gradient by u, with the tangents in the place
  // of the gradient, is the product that is wanted.
  void by_vjp(OpCall& call, Jvp& j) const {
    const bool recorded = recording(), packed = thread_mode.word & kPacking;
    if (packed) run_transformed(call);
    const NoPacking off;
    const EnableGradGuard on;
    GradientLevel level;
    std::vector<TensorImpl*> inputs(call.inputs, call.inputs + call.n_inputs);
    std::vector<Tensor> x, x_tangents, y, u;
    for (int i = 0; i < call.n_inputs; ++i) {
      if (!j.has(i)) continue;
      x.push_back(fresh_variable(j.in(i)));
      set_tangent(*x.back().impl(), number(), j.tangent(i));  // for a backward pass at this level
      x_tangents.push_back(j.tangent(i));
      inputs[static_cast<size_t>(i)] = x.back().impl();
    }
    std::vector<Tensor> outputs = apply(call, inputs);
    std::vector<int> which;
    for (int k = 0; k < call.n_outputs; ++k) {
      const Tensor& out = outputs[static_cast<size_t>(k)];
      if (!out.defined() || !out.requires_grad()) continue;
      which.push_back(k);
      y.push_back(out);
      u.push_back(zeros_like(out).requires_grad_(true));
    }
    if (!y.empty()) {
      const std::vector<Tensor> g = grad(y, x, u, true, true, true);
      std::vector<Tensor> products, tangents;
      for (size_t i = 0; i < g.size(); ++i) {
        if (!g[i].defined() || !g[i].requires_grad()) continue;
        products.push_back(g[i]);
        tangents.push_back(x_tangents[i]);
      }
      if (!products.empty()) {
        const std::vector<Tensor> t = grad(products, u, tangents, false, recorded, true);
        for (size_t k = 0; k < t.size(); ++k) j.set(which[k], t[k]);
      }
    }
    if (packed) return;
    bool linked = false;
    for (int i = 0; i < call.n_inputs; ++i) {
      linked |= recorded && call.inputs[i] && call.inputs[i]->requires_grad();
    }
    for (int k = 0; k < call.n_outputs; ++k) {
      Tensor& out = outputs[static_cast<size_t>(k)];
      if (out.defined() && out.requires_grad() && !linked) out = without_history(out);
      call.outputs[k] = std::move(out);
    }
  }

  static bool leads_to_gradient(const Tensor& t) {
    return t.defined() && (t.requires_grad() || examples_require_grad(t));
  }

  bool is_recorded(const OpCall& call) const {
    if (!recording()) return false;
    for (int i = 0; i < call.n_inputs; ++i) {
      if (!call.inputs[i]) continue;
      if (leads_to_gradient(Tensor::share(call.inputs[i])) ||
          leads_to_gradient(tangent_at(*call.inputs[i], number())))
        return true;
    }
    return false;
  }

  // Value and tangent that stay when those of `t` change.
  Tensor copy_of(const Tensor& t) {
    const Tensor copy = algebra::clone(t);
    const Tensor own = tangent_at(*t.impl(), number());
    if (own.defined()) give(*copy.impl(), algebra::clone(own));
    return copy;
  }

  void run_in_place(OpCall& call) {
    std::optional<InputsBefore> copies;
    OpCall below = call;
    if (!call.before && is_recorded(call)) {
      below.before = copies.emplace(call, [&](const Tensor& t) { return copy_of(t); }).get();
    }
    // The rule reads the values from before the change.
    Tensor tangent;
    if (carries(call.cls)) {
      Tensor out;
      TensorImpl* const* inputs = below.before ? below.before : call.inputs;
      OpCall plain{call.cls, call.op, inputs, call.n_inputs, &out, 1};
      const NoPacking off;
      run_dual(plain);
      tangent = tangent_at(*out.impl(), number());
    }
    const uint64_t last = thread_mode.last_node;
    run_transformed(below);
    TensorImpl& self = *call.inputs[0];
    const Tensor own = own_tangent(self, tangent);
    if (own.defined()) {
      Tensor to = own;
      algebra::copy_(to, tangent.defined() ? tangent : zeros_like(own));
    } else if (tangent.defined()) {
      give(self, tangent);
    }
    Node* n = changing_node(self);
    if (const Tensor& now = own.defined() ? own : tangent; n && now.defined())
      give_to_saved(*n, 0, call.cls, last, now);
  }

  // The tangent of `self` to write `written` into, standing for as many examples. A view's is a
  // view of its base's.
  Tensor own_tangent(TensorImpl& self, const Tensor& written) {
    if (!shares_tangents(self)) {
      const Tensor own = tangent_at(self, number());
      if (own.defined() && thread_mode.word & kVmap) {
        give(self, algebra::clone_beside(own, written));
        return tangent_at(self, number());
      }
      return own;
    }
    const Tensor& base = self.meta->base;
    Tensor whole = tangent_at(*base.impl(), number());
    if (!whole.defined() && !written.defined()) return tangent_at(self, number());
    if (!whole.defined()) {
      whole = algebra::new_zeros(written, base.shape(), base.dtype());
    } else if (thread_mode.word & kVmap) {
      whole = algebra::clone_beside(whole, written);
    }
    give(*base.impl(), whole);
    const Tensor part = self.meta->step->apply(whole);
    give(self, part);
    return part;
  }

  std::vector<Tensor> holders_;
};

// ---- the public face ----------------------------------------------------------------------

struct DualLevel::State {
  ForwardLevel level;
};

DualLevel::DualLevel() : state_(std::make_unique<State>()) { state_->level.push(); }
DualLevel::~DualLevel() { end(); }
void DualLevel::end() {
  if (!state_) return;
  state_->level.release();
  // Ended by another thread: its own may still call it.
  if (!state_->level.pop()) state_.release();
  state_.reset();
}
uint64_t DualLevel::number() const { return state_->level.number(); }

Tensor without_tangent(const Tensor& t, uint64_t level) {
  const bool linked = t.requires_grad() && recording();
  Tensor x = linked ? algebra::view_as(t) : without_history(t);
  if (linked) {
    copy_levels(*x.impl(), *t.impl());
    if (x.impl()->has(kIsView)) x.impl()->meta->apart = true;
  }
  if (tangent_at(*x.impl(), level).defined()) set_tangent(*x.impl(), level, {});
  return x;
}

Tensor DualLevel::make(const Tensor& primal, const Tensor& tangent) const {
  WG_CHECK(state_, Error, "make_dual: the level has ended");
  WG_CHECK(primal.defined() && tangent.defined(), Error, "make_dual: expected two tensors");
  WG_CHECK(is_differentiable(primal.dtype()), ValueError,
           "make_dual: expected a primal of floating point or complex dtype, but got ",
           primal.dtype());
  WG_CHECK(primal.shape() == tangent.shape(), Error, "make_dual: the tangent has shape ",
           tangent.shape(), ", but the primal has shape ", primal.shape());
  WG_CHECK(is_differentiable(tangent.dtype()), ValueError,
           "make_dual: expected a tangent of floating point or complex dtype, but got ",
           tangent.dtype());
  WG_CHECK(is_complex(primal.dtype()) || !is_complex(tangent.dtype()), Error,
           "make_dual: the tangent has dtype ", tangent.dtype(),
           ", but the primal is real, of dtype ", primal.dtype());
  WG_CHECK(!tangent_at(*primal.impl(), number()).defined(), Error,
           "make_dual: the primal has a tangent at this level already");
  WG_CHECK(!tangent_at(*tangent.impl(), number()).defined(), Error,
           "make_dual: the tangent has a tangent of its own at this level");
  Tensor x = without_tangent(primal, number());
  const bool same = tangent.dtype() == primal.dtype();
  set_tangent(*x.impl(), number(),
              same ? algebra::clone(tangent) : algebra::cast(tangent, primal.dtype()));
  return x;
}

std::pair<Tensor, Tensor> DualLevel::unpack(const Tensor& dual) const {
  WG_CHECK(state_, Error, "unpack_dual: the level has ended");
  WG_CHECK(dual.defined(), Error, "unpack_dual: expected a tensor");
  const Tensor tangent = tangent_at(*dual.impl(), number());
  if (!tangent.defined()) return {dual, {}};
  return {without_tangent(dual, number()), tangent};
}

ForwardCounts forward_counts() {
  return {rules_used.load(std::memory_order_relaxed),
          fallbacks_used.load(std::memory_order_relaxed)};
}

WENGERT_NAMESPACE_END
