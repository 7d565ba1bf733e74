// What is left out of a program when it runs. The steps stay where they are, marked `dead`.
#pragma once

#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// Whether users can see each storage when the program has run.
std::vector<bool> visible_storages(const Program& p);

// Steps whose results nobody reads.
void remove_dead(Program& p);
// Operations that compute what another has computed from the same values.
void share_common(Program& p);

}  // namespace tape
WENGERT_NAMESPACE_END
