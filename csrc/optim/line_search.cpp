#include "optim/line_search.h"

#include "wengert/ops/linalg.h"
#include "wengert/ops/reduction.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

namespace {

constexpr double kArmijo = 1e-4, kCurvature = 0.9;  // how much the loss and its slope must fall

// The minimum of the cubic through both points with their slopes, within bounds.
Number cubic_minimum(const Point& a, const Point& b, const Number* bounds = nullptr) {
  const bool ordered = a.t <= b.t;
  const Point &left = ordered ? a : b, &right = ordered ? b : a;
  const Number low = bounds ? bounds[0] : left.t, high = bounds ? bounds[1] : right.t;
  const Number d1 = a.slope + b.slope - Number(3 * (a.loss - b.loss)) / (a.t - b.t);
  const Number squared = Number(pow(d1.tensor(), Scalar(2))) - a.slope * b.slope;
  if (!(squared >= 0)) return (low + high) / 2.0;
  const Number d2 = sqrt(squared.tensor());
  const Number part = (right.slope + d2 - d1) / (right.slope - left.slope + Number(2) * d2);
  return min(max(right.t - (right.t - left.t) * part, low), high);
}

}  // namespace

Found strong_wolfe(const std::function<std::pair<double, Tensor>(const Number&)>& evaluate,
                   const Point& start, const Number& first, const Tensor& d,
                   double tolerance_change, int64_t limit) {
  const auto at = [&](const Number& t) {
    auto [loss, grad] = evaluate(t);
    const Number slope = dot(grad, d);
    return Point{t, loss, grad, slope};
  };
  const auto too_high = [&](const Point& p) {
    return Number(p.loss) > Number(start.loss) + Number(kArmijo) * p.t * start.slope;
  };
  const auto flat = [&](const Point& p) {
    return abs(p.slope) <= Number(-kCurvature) * start.slope;
  };

  // An interval that contains a point as wanted, or that point itself.
  Point last = start, point = at(first);
  int64_t tried = 0;
  while (tried < limit) {
    if (too_high(point) || (tried > 1 && point.loss >= last.loss)) break;
    if (flat(point)) return {point, tried + 1};
    if (point.slope >= 0) break;
    const Number further[] = {point.t + Number(0.01) * (point.t - last.t), point.t * 10};
    const Number t = cubic_minimum(last, point, further);
    last = point;
    point = at(t);
    ++tried;
  }
  Point ends[] = {tried == limit ? start : last, point};

  // The interval is made smaller until such a point is found.
  const Number longest = max(abs(d));
  bool close_before = false;
  int low = ends[0].loss <= ends[1].loss ? 0 : 1;
  while (tried < limit && abs(ends[1].t - ends[0].t) * longest >= tolerance_change) {
    Number t = cubic_minimum(ends[0], ends[1]);
    const Number begin = min(ends[0].t, ends[1].t), end = max(ends[0].t, ends[1].t);
    const Number margin = Number(0.1) * (end - begin);
    bool close = min(end - t, t - begin) < margin;
    if (close && (close_before || t >= end || t <= begin)) {
      t = abs(t - end) < abs(t - begin) ? end - margin : begin + margin;
      close = false;
    }
    close_before = close;
    point = at(t);
    ++tried;
    const int high = 1 - low;
    if (too_high(point) || point.loss >= ends[low].loss) {
      ends[high] = point;
      low = ends[0].loss <= ends[1].loss ? 0 : 1;
      continue;
    }
    if (flat(point)) return {point, tried + 1};
    if (point.slope * (ends[high].t - ends[low].t) >= 0) ends[high] = ends[low];
    ends[low] = point;
  }
  return {ends[low], tried + 1};
}

}  // namespace optim
WENGERT_NAMESPACE_END
