#include "wengert/nn/adaptive.h"

#include <algorithm>
#include <cmath>

#include "nn/make.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

std::vector<int64_t> checked_cutoffs(std::vector<int64_t> cutoffs, int64_t classes) {
  const bool rising =
      std::adjacent_find(cutoffs.begin(), cutoffs.end(), std::greater_equal<>()) == cutoffs.end();
  WG_CHECK(!cutoffs.empty() && rising && cutoffs.front() > 0 && cutoffs.back() < classes,
           ValueError, "AdaptiveLogSoftmaxWithLoss: cutoffs must be increasing numbers from 1 to ",
           classes - 1, ", got ", Dims(cutoffs));
  cutoffs.push_back(classes);
  return cutoffs;
}

// The positions at which a mask is true.
Tensor places(const Tensor& mask) { return squeeze(nonzero(mask), {1}); }

}  // namespace

AdaptiveLogSoftmaxWithLoss::AdaptiveLogSoftmaxWithLoss(int64_t in, int64_t classes,
                                                       std::vector<int64_t> given,
                                                       const AdaptiveLogSoftmaxWithLossOptions& o)
    : in_features(in),
      n_classes(classes),
      cutoffs(checked_cutoffs(std::move(given), classes)),
      options(o),
      head(in, cutoffs[0] + clusters(), {.bias = o.head_bias, .dtype = o.dtype}) {
  register_module("head", head);
  const LinearOptions plain{.bias = false, .dtype = o.dtype};
  for (int64_t i = 0; i < clusters(); ++i) {
    const auto k = static_cast<size_t>(i);
    const double parts = std::pow(o.div_value, static_cast<double>(i + 1));
    const auto hidden = static_cast<int64_t>(std::floor(static_cast<double>(in) / parts));
    auto narrow = make<Linear>(in, hidden, plain);
    tail.append(make<Sequential>(std::initializer_list<ModulePtr>{
        narrow, make<Linear>(hidden, cutoffs[k + 1] - cutoffs[k], plain)}));
  }
  register_module("tail", tail);
}

std::pair<Tensor, Tensor> AdaptiveLogSoftmaxWithLoss::forward(const Tensor& input,
                                                              const Tensor& target) {
  WG_CHECK(target.dim() <= 1 && input.dim() == target.dim() + 1 &&
               (target.dim() == 0 || input.size(0) == target.size(0)),
           Error,
           "AdaptiveLogSoftmaxWithLoss: expected an input (N, in_features) and a target "
           "(N), got shapes ",
           input.shape(), " and ", target.shape());
  const bool single = target.dim() == 0;
  const Tensor x = single ? unsqueeze(input, 0) : input;
  const Tensor t = single ? unsqueeze(target, 0) : target;
  WG_CHECK(all(logical_and(t >= 0, t < n_classes)).item().to_bool(), Error,
           "AdaptiveLogSoftmaxWithLoss: target values should be in [0, ", n_classes - 1, "]");
  // The column of the head that a target belongs to: its own, or its cluster's.
  Tensor column = t;
  std::vector<std::pair<Tensor, Tensor>> parts;
  for (int64_t i = 0; i < clusters(); ++i) {
    const int64_t low = cutoffs[static_cast<size_t>(i)], high = cutoffs[static_cast<size_t>(i) + 1];
    const Tensor rows = places(logical_and(t >= low, t < high));
    if (rows.numel() == 0) continue;
    const Tensor inside = log_softmax(tail[i](index_select(x, 0, rows)), 1);
    const Tensor classes = unsqueeze(index_select(t, 0, rows) - low, 1);
    parts.emplace_back(rows, squeeze(gather(inside, 1, classes), {1}));
    column = index_fill(column, 0, rows, scalar(cutoffs[0] + i, t.dtype()));
  }
  Tensor output = squeeze(gather(log_softmax(head(x), 1), 1, unsqueeze(column, 1)), {1});
  for (const auto& [rows, own] : parts) output = index_add(output, 0, rows, own);
  const Tensor loss = mean(-output);
  return {single ? squeeze(output, {0}) : output, loss};
}
std::pair<Tensor, Tensor> AdaptiveLogSoftmaxWithLoss::operator()(const Tensor& input,
                                                                 const Tensor& target) {
  return call(input, [&](const Tensor& x) { return forward(x, target); });
}

Tensor AdaptiveLogSoftmaxWithLoss::log_prob(const Tensor& input) {
  const Tensor scores = log_softmax(head(input), 1);
  std::vector<Tensor> parts{slice(scores, 1, {}, cutoffs[0])};
  for (int64_t i = 0; i < clusters(); ++i) {
    const Tensor inside = log_softmax(tail[i](input), 1);
    parts.push_back(inside + unsqueeze(select(scores, 1, cutoffs[0] + i), 1));
  }
  return cat(parts, 1);
}

Tensor AdaptiveLogSoftmaxWithLoss::predict(const Tensor& input) {
  const Tensor best = argmax(head(input), 1);
  // Only rows whose best column is a cluster need the log-probabilities of all classes.
  const Tensor rows = places(best >= cutoffs[0]);
  if (rows.numel() == 0) return best;
  return index_copy(best, 0, rows, argmax(log_prob(index_select(input, 0, rows)), 1));
}

}  // namespace nn
WENGERT_NAMESPACE_END
