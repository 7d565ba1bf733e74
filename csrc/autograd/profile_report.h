// What is made of the events of a profile.
#pragma once

#include "runtime/profiler.h"

WENGERT_NAMESPACE_BEGIN
namespace report {

using Events = std::vector<ProfileEvent>;

// Adds the events of a thread; times count from `began`, and what is open ends at `ended`.
void append(Events& events, const runtime::Trace& trace, int64_t began, int64_t ended);
// Finds the call that recorded each node, and sums up what lies in ranges.
void link(Events& events);

std::string table(const Events& events, int64_t rows);
std::vector<ModuleProfile> modules(const Events& events);
std::string module_table(const Events& events);
std::string chrome_trace(const Events& events,
                         const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace report
WENGERT_NAMESPACE_END
