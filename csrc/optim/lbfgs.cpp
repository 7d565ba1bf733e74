// L-BFGS. All state is that of the first parameter.
#include <cmath>

#include "optim/checks.h"
#include "optim/line_search.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"
#include "wengert/sparse.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace detail {

std::vector<Option> list_options(LBFGSOptions& o) {
  return {{"lr", {&o.lr}},
          {"max_iter", {&o.max_iter}},
          {"max_eval", {&o.max_eval}},
          {"tolerance_grad", {&o.tolerance_grad}},
          {"tolerance_change", {&o.tolerance_change}},
          {"history_size", {&o.history_size}},
          {"line_search_fn", {&o.line_search_fn}}};
}
void check_group(const LBFGSOptions& o, const std::vector<Tensor>&) {
  check_not_negative("LBFGS", "lr", o.lr);
}

}  // namespace detail

namespace {

using State = std::map<std::string, io::Value, std::less<>>;

int64_t count(State& state, const char* name, int64_t more) {
  io::Value& v = state[name];
  const int64_t n = (v.is_none() ? 0 : static_cast<int64_t>(number_of(v))) + more;
  v = n;
  return n;
}

Tensor flat_grad(const std::vector<Tensor>& params) {
  std::vector<Tensor> parts;
  for (const Tensor& p : params) {
    const Tensor g = p.grad();
    parts.push_back(!g.defined() ? zeros({p.numel()}, p.dtype())
                                 : sparse::to_dense(g).detach().reshape({-1}));
  }
  return cat(parts);
}

void move(const std::vector<Tensor>& params, const Number& t, const Tensor& d) {
  const double length = t.value();
  int64_t begin = 0;
  for (Tensor p : params) {
    add_(p, narrow(d, 0, begin, p.numel()).view(p.shape()), length);
    begin += p.numel();
  }
}

// What an iteration leaves to the next: the direction d, the length t of the step along it and the
// gradient there, and the latest changes of gradient (dirs) and parameters (stps).
class Memory {
 public:
  Memory(State& state, int64_t size) : size_(static_cast<size_t>(std::max<int64_t>(0, size))) {
    const auto found = [&](const char* name) -> const io::Value* {
      const auto v = state.find(name);
      return v == state.end() || v->second.is_none() ? nullptr : &v->second;
    };
    const auto tensors = [&](const char* name) {
      std::vector<Tensor> all;
      if (const auto* v = found(name)) {
        for (const io::Value& item : v->items()) all.push_back(item.tensor());
      }
      return all;
    };
    if (const auto* v = found("d")) d_ = v->tensor();
    if (const auto* v = found("t")) t = Number(*v);
    if (const auto* v = found("H_diag")) scale_ = Number(*v);
    if (const auto* v = found("prev_flat_grad")) last_grad_ = v->tensor();
    if (const auto* v = found("prev_loss")) last_loss = number_of(*v);
    dirs_ = tensors("old_dirs");
    stps_ = tensors("old_stps");
    ro_ = tensors("ro");
  }

  void save(State& state) const {
    state["d"] = d_;
    state["t"] = t;
    state["old_dirs"] = io::Value::list_of(dirs_);
    state["old_stps"] = io::Value::list_of(stps_);
    state["ro"] = io::Value::list_of(ro_);
    state["H_diag"] = scale_;
    state["prev_flat_grad"] = last_grad_;
    state["prev_loss"] = last_loss;
  }

  // The direction for this gradient, which is remembered.
  Tensor direction(const Tensor& grad, bool first) {
    if (first) {
      d_ = -grad;
      dirs_.clear();
      stps_.clear();
      ro_.clear();
      scale_ = 1;
    } else {
      const Tensor y = grad - last_grad_, s = (Number(d_) * t).tensor();
      const Tensor ys = dot(y, s);
      if (Number(ys) > 1e-10) {
        if (dirs_.size() == size_ && size_ > 0) {
          for (auto* history : {&dirs_, &stps_, &ro_}) history->erase(history->begin());
        }
        dirs_.push_back(y);
        stps_.push_back(s);
        ro_.push_back(Scalar(1.0) / ys);
        scale_ = ys / dot(y, y);
      }
      d_ = solve(grad);
    }
    last_grad_ = grad.clone();
    return d_;
  }

  Number t;
  double last_loss = 0;

 private:
  // The two loops of the inverse Hessian times -grad.
  Tensor solve(const Tensor& grad) const {
    Tensor q = -grad;
    std::vector<Tensor> al(dirs_.size());
    for (size_t i = dirs_.size(); i-- > 0;) {
      al[i] = dot(stps_[i], q) * ro_[i];
      add_(q, dirs_[i] * -al[i]);
    }
    Tensor d = (Number(q) * scale_).tensor();
    for (size_t i = 0; i < dirs_.size(); ++i) {
      add_(d, stps_[i] * (al[i] - dot(dirs_[i], d) * ro_[i]));
    }
    return d;
  }

  size_t size_;
  Tensor d_, last_grad_;
  std::vector<Tensor> dirs_, stps_, ro_;
  Number scale_ = 1;
};

LBFGSOptions resolved(LBFGSOptions o) {
  if (!o.max_eval) o.max_eval = o.max_iter * 5 / 4;
  return o;
}

}  // namespace

LBFGS::LBFGS(std::vector<Tensor> params, const LBFGSOptions& o)
    : OptimizerWith(std::move(params), resolved(o)) {}

Tensor LBFGS::run(const Closure& closure) {
  WG_CHECK(closure, TypeError, "LBFGS: step() needs a closure that computes the loss anew");
  const LBFGSOptions& o = options();
  const bool search = !o.line_search_fn.empty();
  WG_CHECK(!search || o.line_search_fn == "strong_wolfe", Error,
           "LBFGS: line_search_fn must be 'strong_wolfe' or empty, but is '", o.line_search_fn,
           "'");
  const std::vector<Tensor>& params = parameters();
  const int64_t max_eval = o.max_eval.value_or(o.max_iter * 5 / 4);
  const auto largest = [](const Tensor& x) { return Number(max(wengert::abs(x))); };
  State& kept = state(0);
  count(kept, "func_evals", 0);
  count(kept, "n_iter", 0);

  const Tensor first_loss = closure();
  double loss = first_loss.item<double>();
  int64_t evaluations = 1;
  count(kept, "func_evals", 1);
  Tensor grad = flat_grad(params);
  if (largest(grad) <= o.tolerance_grad) return first_loss;
  Memory memory(kept, o.history_size);
  for (int64_t iteration = 1; iteration <= o.max_iter; ++iteration) {
    const bool first = count(kept, "n_iter", 1) == 1;
    const Tensor d = memory.direction(grad, first);
    const double last_loss = memory.last_loss = loss;
    const Number longest = first ? Number(Scalar(1.0) / sum(wengert::abs(grad))) : Number(1.0);
    const Number t = memory.t = (longest < 1.0 ? longest : Number(1.0)) * o.lr;
    const Number slope = dot(grad, d);
    if (slope > -o.tolerance_change) break;
    int64_t tried = 0;
    if (!search) {
      move(params, t, d);
      if (iteration != o.max_iter) {
        // A further loss would be of no use: the next step computes it anew.
        loss = closure().item<double>();
        grad = flat_grad(params);
        tried = 1;
      }
    } else {
      std::vector<Tensor> before;
      for (const Tensor& p : params) before.push_back(p.detach().clone());
      const auto evaluate = [&](const Number& at) {
        move(params, at, d);
        const double value = closure().item<double>();
        const std::pair<double, Tensor> result{value, flat_grad(params)};
        for (size_t i = 0; i < params.size(); ++i) {
          Tensor p = params[i];
          copy_(p, before[i]);
        }
        return result;
      };
      const Found found = strong_wolfe(evaluate, {0.0, loss, grad, slope}, t, d, o.tolerance_change,
                                       max_eval - evaluations);
      loss = found.point.loss;
      grad = found.point.grad;
      memory.t = found.point.t;
      tried = found.tried;
      move(params, found.point.t, d);
    }
    evaluations += tried;
    count(kept, "func_evals", tried);
    if (iteration == o.max_iter || evaluations >= max_eval || largest(grad) <= o.tolerance_grad ||
        largest((Number(d) * memory.t).tensor()) <= o.tolerance_change ||
        std::fabs(loss - last_loss) < o.tolerance_change) {
      break;
    }
  }
  memory.save(kept);
  return first_loss;
}

std::vector<StateEntry> LBFGS::entries(size_t, const io::Value& saved) const {
  std::vector<StateEntry> all{{"func_evals"}, {"n_iter"}};
  const io::Value* steps = saved.find("n_iter");
  if (!steps || (steps->is_int() && steps->to_int() == 0)) return all;
  int64_t numel = 0;
  for (const Tensor& p : parameters()) numel += p.numel();
  const std::vector<int64_t> flat{numel};
  const io::Value* dirs = saved.find("old_dirs");
  const size_t kept = dirs && dirs->is_list() ? dirs->items().size() : 0;
  all.push_back({"d", flat});
  all.push_back({"prev_flat_grad", flat});
  for (const char* name : {"t", "H_diag", "prev_loss"}) all.push_back({name});
  for (const char* name : {"old_dirs", "old_stps"}) all.push_back({name, flat, false, kept});
  all.push_back({"ro", {}, false, kept});
  return all;
}

}  // namespace optim
WENGERT_NAMESPACE_END
