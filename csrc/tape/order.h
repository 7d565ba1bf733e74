// Which steps of a program must stay behind which, and orders that keep to that.
#pragma once

#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// By step: those before it that it must stay behind, since it takes or overwrites what they make,
// or overwrites what they read. Those that follow from others may be left out. A dead step has
// none, and is none.
std::vector<std::vector<int>> dependencies(const Program& p);

// The steps with those of each group side by side, in the group's own order; otherwise they move as
// little as possible. ValueError where what lies between must stay behind one of a group and before
// another of it.
std::vector<size_t> order_with(const Program& p, const std::vector<std::vector<size_t>>& groups);

}  // namespace tape
WENGERT_NAMESPACE_END
