// A line search for the strong Wolfe conditions (Nocedal and Wright, 2006, 3.5).
#pragma once

#include <functional>

#include "optim/number.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

// What is known of a point of the line: t, the loss, the gradient, the slope along the line.
struct Point {
  Number t;
  double loss;
  Tensor grad;
  Number slope;
};

struct Found {
  Point point;
  int64_t tried;
};

// A point where the loss is lower and flatter, or the best found; and how many were tried. evaluate
// gives the loss and its gradient at t; `start` is the point t = 0, `t` the first trial, `d` the
// direction, tolerance_change the shortest interval in the largest element of the way, and `limit`
// how many points are tried beside the first.
Found strong_wolfe(const std::function<std::pair<double, Tensor>(const Number&)>& evaluate,
                   const Point& start, const Number& t, const Tensor& d, double tolerance_change,
                   int64_t limit);

}  // namespace optim
WENGERT_NAMESPACE_END
